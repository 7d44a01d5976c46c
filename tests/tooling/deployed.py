"""What `deploy/` has, put into place as docs/deployment.md says, and started as systemd would.

There is no systemd where tests run: units are read here, and their own lines are started with the
environment, the capabilities and the signals that the units name, and nothing else.
"""

from __future__ import annotations

import re
import signal
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir

from tests.stack import CHECKOUT

DEPLOY = CHECKOUT / "deploy"
UNITS = DEPLOY / "systemd"
# Of Debian's systemd, for every unit.
SYSTEMD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"


@dataclass(frozen=True)
class Unit:
    """One unit's settings: each name with all of its values, in their order."""

    name: str
    settings: Mapping[str, list[str]]

    @classmethod
    def read(cls, name: str) -> Unit:
        settings = defaultdict(list)
        for line in (UNITS / name).read_text().splitlines():
            if line and line[0] not in "#[":
                key, _, value = line.partition("=")
                settings[key].append(value)
        return cls(name, settings)

    def words(self, key: str) -> list[str]:
        return " ".join(self.settings.get(key, [])).split()

    def one(self, key: str) -> str:
        (value,) = self.settings[key]
        return value

    @property
    def stop_s(self) -> float:
        return float(self.one("TimeoutStopSec"))


@dataclass
class Place:
    """One host: where the release and the settings are, and what runs."""

    folder: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    def environment(self, unit: Unit, instance: str) -> dict[str, str]:
        """What systemd gives it; its state is below our own folder."""
        given = {"PATH": SYSTEMD_PATH}
        for word in unit.words("Environment"):
            name, _, value = word.partition("=")
            given[name] = value.replace("%i", instance).replace("%H", "host")
        for path in unit.settings["EnvironmentFile"]:
            given |= read_environment(self.etc / Path(path).name)
        for name in unit.words("UnsetEnvironment"):
            given.pop(name, None)
        return {**given, "CODR_STATE_DIR": str(self.folder / "state")}

    def start(self, unit: Unit, instance: str = "") -> None:
        command = unit.one("ExecStart").replace("/opt/codr", str(CHECKOUT)).split()
        bounds = ["setpriv"]
        if unit.settings.get("NoNewPrivileges"):
            bounds.append("--no-new-privs")
        if unit.one("User") == "root":
            kept = [word.removeprefix("CAP_").lower() for word in unit.words(CAPABILITIES)]
            bounds.append("--bounding-set=-all," + ",".join(f"+{name}" for name in kept))
            bounds = [*READ_ONLY, *bounds]
        with open(self.folder / f"{unit.name}.log", "ab") as log:
            self.processes[unit.name] = subprocess.Popen(
                [*bounds, "--", *command],
                cwd="/",
                env=self.environment(unit, instance),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, unit: Unit) -> int:
        """Its exit code; raises where systemd would have killed it."""
        process = self.processes.pop(unit.name)
        assert unit.one("KillMode") == "mixed"
        process.send_signal(signal.SIGTERM)
        return process.wait(unit.stop_s)

    def log(self, unit: Unit) -> str:
        return (self.folder / f"{unit.name}.log").read_text(errors="replace")

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": SYSTEMD_PATH, "CODR_SETTINGS_DIR": str(self.etc)}
        return subprocess.run(
            [DEPLOY / "with-environment", *command],
            cwd="/",
            env={**environment, "CODR_STATE_DIR": str(self.folder / "state")},
            capture_output=True,
            text=True,
        )


# ProtectSystem=strict; only where temporary files are, our folders among them, it may write.
SEAL = 'mount --bind "$0" "$0" && mount -o remount,bind,ro / && exec "$@"'
READ_ONLY = ("unshare", "--mount", "--propagation=slave", "sh", "-c", SEAL, gettempdir())
CAPABILITIES = "CapabilityBoundingSet"


def read_environment(file: Path) -> dict[str, str]:
    """As systemd reads it where nothing is quoted (systemd.exec(5))."""
    found = {}
    for line in file.read_text().splitlines():
        if line and line[0] not in "#;":
            assert re.fullmatch(r"[A-Z_]+=[^'\"\\\s]*", line), line
            name, _, value = line.partition("=")
            found[name] = value
    return found
