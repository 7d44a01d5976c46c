"""`deploy/` and docs/deployment.md: a site as they describe it starts, serves and stops."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import psycopg
import pytest
import redis

from executor_app.conf import conf
from scripts.embedded_redis import find_server
from scripts.with_postgres import VARIABLE, temporary_postgres
from tests.server.client import connect
from tests.server.parts import until
from tests.stack import CHECKOUT, free_port, give_prepared
from tests.tooling.deployed import DEPLOY, Place, Unit, read_environment

WEB = Unit.read("codr-web@.service")
EXECUTOR = Unit.read("codr-executor@.service")
RECORDER = Unit.read("codr-recorder.service")
UNITS = (WEB, EXECUTOR, RECORDER)
URL = "ws://codr.example/ws/execute"
SECRETS = ("SITE", "EXECUTOR", "ADMIN", "SECRET-KEY")

# One process for all that an operator does before the start, for most of what each costs is Django.
PREPARE = """
from django.contrib.auth.models import User
from django.core.management import call_command
from executor_app import api_keys
from scripts import prepare
call_command("check", deploy=True, fail_level="WARNING")
prepare.main()
print(api_keys.make(User.objects.create_user("ada"), "a test")[1])
"""


@contextmanager
def postgres() -> Iterator[str]:
    """An empty database on the server of `make test`, or on one of our own."""
    with ExitStack() as stack:
        url = os.environ.get(VARIABLE) or stack.enter_context(temporary_postgres())
        name = f"deploy_{uuid.uuid4().hex}"
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name}".encode())
        yield f"{url.rpartition('/')[0]}/{name}"
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@contextmanager
def redis_server(place: Place, port: int) -> Iterator[redis.Redis]:
    """As deploy/redis has it, but for where it is; with its operator's client."""
    users = place.etc / "codr-users.acl"
    own = [f"--port {port}", "--bind 127.0.0.1", f"--dir {place.folder}", f"--aclfile {users}"]
    command = [str(find_server()), str(DEPLOY / "redis/codr.conf"), *" ".join(own).split()]
    password = users.read_text().partition("codr-admin on >")[2].split()[0]
    with open(place.folder / "redis.log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    server = redis.Redis(port=port, username="codr-admin", password=password)
    try:
        until(lambda: answers(server), "Redis answers")
        yield server
    finally:
        server.close()
        process.terminate()
        process.wait(30)


def answers(server: redis.Redis) -> bool:
    try:
        return bool(server.ping())
    except redis.ConnectionError:
        return False


def fill_in(place: Place, database: str, redis_port: int) -> None:
    """Every CHANGE-ME, and the addresses, as an operator does."""
    place.etc.mkdir()
    words = {f"CHANGE-ME-{word}": secrets.token_urlsafe(50) for word in SECRETS}
    words["postgresql://codr:CHANGE-ME-DATABASE@127.0.0.1:5432/codr"] = database
    words["127.0.0.1:6379"] = f"127.0.0.1:{redis_port}"
    files = [*(DEPLOY / "env").iterdir(), DEPLOY / "redis/codr-users.acl"]
    for file in files:
        text = file.read_text()
        for word, value in words.items():
            text = text.replace(word, value)
        (place.etc / file.name).write_text(text)


@pytest.mark.slow
async def test_a_site_set_up_as_the_guide_says_starts_serves_and_stops(tmp_path: Path) -> None:
    place, web_port, redis_port = Place(tmp_path), free_port(), free_port()
    give_prepared(tmp_path / "state")
    with postgres() as database, ExitStack() as stack:
        fill_in(place, database, redis_port)
        server = stack.enter_context(redis_server(place, redis_port))
        prepared = place.manage("python", "manage.py", "shell", "-c", PREPARE)
        assert prepared.returncode == 0, prepared.stderr
        key = prepared.stdout.split()[-1]
        try:
            place.start(WEB, str(web_port))
            place.start(EXECUTOR, f"deploy-{os.getpid()}")
            place.start(RECORDER)
            until(lambda: ready(web_port), "/readyz says 200")

            # As a proxy passes it on that ends TLS.
            headers = {"Authorization": f"Bearer {key}", "X-Forwarded-Proto": "https"}
            over = socket.create_connection(("127.0.0.1", web_port))
            async with connect(URL, headers=headers, over=over) as client:
                await client.execute("python", "print('hello')", tty=False)
                end = await client.until("complete")
            assert (client.text(), end["status"]) == ("hello\n", "completed")
            until(lambda: recorded(database) == "completed", "the recorder has written its row")
        finally:
            codes = {unit.name: place.stop(unit) for unit in UNITS if unit.name in place.processes}
        said = "\n".join(place.log(unit) for unit in UNITS)
        assert codes == {unit.name: 0 for unit in UNITS}, said
        assert server.acl_log() == [], "Redis refused something to somebody"


def test_systemd_understands_every_line_of_the_units(tmp_path: Path) -> None:
    """It only warns of a setting that it does not know, or not there, and goes on without."""
    for file in DEPLOY.glob("systemd/codr*.[st]*"):
        text = file.read_text().replace("/opt/codr", str(CHECKOUT))
        (tmp_path / file.name.replace("@.", "@1.")).write_text(text)
    said = subprocess.run(
        ["systemd-analyze", "verify", *tmp_path.iterdir()],
        env={"PATH": os.environ["PATH"], "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        capture_output=True,
        text=True,
    )
    assert (said.returncode, said.stderr) == (0, "")


def test_an_executor_is_given_nothing_worth_stealing() -> None:
    assert EXECUTOR.settings["EnvironmentFile"] == ["/etc/codr/codr.env", "/etc/codr/executor.env"]
    assert set(EXECUTOR.words("UnsetEnvironment")) == {"DATABASE_URL", "CODR_SECRET_KEY"}
    assert "-/etc/codr" in EXECUTOR.words("InaccessiblePaths")
    given = read_environment(DEPLOY / "env/codr.env") | read_environment(
        DEPLOY / "env/executor.env"
    )
    assert set(given) == {"CODR_MODE", "CODR_LOG_LEVEL", "REDIS_URL"}


def test_an_executor_has_the_time_to_hand_its_jobs_over() -> None:
    assert EXECUTOR.stop_s >= conf().stop_grace_s + 30


@pytest.mark.parametrize("line", ["A='quoted'", 'A="quoted"', "A=one\\", "no setting"])
def test_settings_that_systemd_would_read_otherwise_are_refused(tmp_path: Path, line: str) -> None:
    place = Place(tmp_path)
    place.etc.mkdir()
    (place.etc / "codr.env").write_text(f"# a comment\n{line}\n")
    said = place.manage("true")
    assert said.returncode == 2
    assert "codr.env, line 2" in said.stderr


def test_every_file_of_deploy_is_named_in_the_guide() -> None:
    guide = (CHECKOUT / "docs/deployment.md").read_text()
    for file in DEPLOY.rglob("*"):
        assert file.is_dir() or f"{file.name}`" in guide, file


def ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            return bool(json.loads(answer.read())["ready"])
    except (HTTPError, URLError, ConnectionError):
        return False


def recorded(database: str) -> str:
    with psycopg.connect(database) as connection:
        (row,) = connection.execute("SELECT status FROM executor_app_job").fetchall()
    return str(row[0])
