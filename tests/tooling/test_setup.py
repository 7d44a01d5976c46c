"""scripts/setup, run for real in a namespace of its own where some of this machine is hidden."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[2]


class Machine:
    """This machine as a sandbox shows it: with other files in the place of some of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.instead: dict[str, Path] = {}  # path seen: path behind it

    def hide(self, path: str) -> None:
        # A file cannot be taken away from below a mount, but made one that nobody can execute.
        real = os.path.realpath(path)
        if not os.path.exists(real):
            return
        self.instead[real] = self.folder / "hidden"
        self.instead[real].touch(mode=0o644)

    def replace(self, path: str, script: str) -> None:
        self.instead[path] = self.folder / Path(path).name
        self.instead[path].write_text(script)
        self.instead[path].chmod(0o755)

    def empty(self, path: str) -> Path:
        """Puts an empty folder there, which can be written to."""
        self.instead[path] = self.folder / Path(path).name
        self.instead[path].mkdir()
        return self.instead[path]

    def run(self, *command: str, uid: int) -> subprocess.CompletedProcess[str]:
        mounts = ["--ro-bind", "/", "/", "--dev", "/dev"]
        for at, put in {str(self.folder): self.folder, **self.instead}.items():
            mounts += ["--bind", str(put), at]
        return subprocess.run(
            ["bwrap", "--unshare-user", "--uid", str(uid), *mounts, "--", *command],
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.replace("/usr/bin/apt-get", f'#!/bin/sh\necho "$*" >> {tmp_path}/apt.log\nexit 1\n')
    return machine


def asked_of_apt(machine: Machine) -> list[str]:
    log = machine.folder / "apt.log"
    return log.read_text().splitlines() if log.exists() else []


def test_without_root_one_line_names_what_is_missing_and_how_to_install_it(
    machine: Machine,
) -> None:
    machine.hide("/usr/bin/redis-server")
    machine.hide("/usr/bin/firejail")

    result = machine.run("scripts/system-packages", "run", uid=1000)

    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert "redis-server firejail; install them with: sudo apt-get install" in result.stderr
    assert asked_of_apt(machine) == []


def test_a_rust_compiler_in_somebodys_home_does_not_count(machine: Machine) -> None:
    machine.hide("/usr/bin/rustc")

    result = machine.run("scripts/system-packages", "run", uid=1000)

    assert "missing: rustc;" in result.stderr


def test_only_the_tests_need_a_browser(machine: Machine) -> None:
    machine.hide("/usr/bin/chromium")

    for_a_run = machine.run("scripts/system-packages", "run", uid=1000)
    for_the_tests = machine.run("scripts/system-packages", "test", uid=1000)

    assert for_a_run.returncode == 0
    assert "missing: chromium;" in for_the_tests.stderr


def test_root_installs_and_a_failure_names_the_package(machine: Machine) -> None:
    machine.replace(
        "/usr/bin/apt-get",
        f'#!/bin/sh\necho "$*" >> {machine.folder}/apt.log\n'
        'case "$*" in *firejail*) exit 100 ;; esac\n',
    )
    machine.empty("/usr/sbin")

    result = machine.run("scripts/install-packages", "redis-server", "firejail", uid=0)

    assert result.returncode == 1
    assert result.stderr == "Codr needs Debian packages that did not install: firejail\n"
    update, everything, *one_by_one = asked_of_apt(machine)
    assert update.startswith("update")
    assert everything.endswith("-- redis-server firejail")
    assert [line.split(" -- ")[1] for line in one_by_one] == ["redis-server", "firejail"]


def test_what_is_installed_does_not_start_a_service_of_its_own(machine: Machine) -> None:
    machine.replace(
        "/usr/bin/apt-get",
        f"#!/bin/sh\n/usr/sbin/policy-rc.d\necho $? >> {machine.folder}/apt.log\n",
    )
    sbin = machine.empty("/usr/sbin")

    result = machine.run("scripts/install-packages", "redis-server", uid=0)

    assert result.returncode == 0
    assert asked_of_apt(machine) == ["101", "101"]  # "action not allowed", to update and install
    assert list(sbin.iterdir()) == []


def test_a_machine_that_has_everything_is_left_alone(machine: Machine) -> None:
    result = machine.run("scripts/system-packages", "test", uid=0)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert asked_of_apt(machine) == []


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with nothing in it but the scripts."""
    shutil.copytree(CHECKOUT / "scripts", tmp_path / "scripts")
    return tmp_path


def script(checkout: Path, *command: str) -> str:
    return subprocess.run(
        command, cwd=checkout, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    ).stdout


def test_packages_are_installed_again_only_when_their_list_changed(checkout: Path) -> None:
    requirements = checkout / "requirements.txt"
    requirements.write_text("# nothing\n")
    install = ("scripts/virtualenv", "requirements.txt")

    assert "Creating" in script(checkout, *install)
    assert script(checkout, *install) == ""
    requirements.write_text("# still nothing\n")
    assert script(checkout, *install) == "Installing requirements.txt into .venv\n"


def test_the_page_is_built_again_only_when_its_sources_changed(checkout: Path) -> None:
    frontend = checkout / "frontend"
    frontend.mkdir()
    package = {"name": "page", "version": "1.0.0"}
    build = {"build": "mkdir -p dist && cp source dist/built"}
    (frontend / "package.json").write_text(json.dumps({**package, "scripts": build}))
    lock = {**package, "lockfileVersion": 3, "packages": {"": package}}
    (frontend / "package-lock.json").write_text(json.dumps(lock))
    (frontend / "source").write_text("one")

    assert "Building" in script(checkout, "scripts/frontend")
    assert script(checkout, "scripts/frontend") == ""

    (frontend / "source").write_text("two")
    assert script(checkout, "scripts/frontend") == "Building the front end\n"
    assert (frontend / "dist" / "built").read_text() == "two"

    shutil.rmtree(frontend / "dist")
    assert script(checkout, "scripts/frontend") == "Building the front end\n"
