"""A whole Codr on hosts of its own: Redis, PostgreSQL, two web processes, a recorder, executors.

    with Site() as site:
        site.start()
        async with site.client("web1") as client:      # a client of tests/server/client.py
            job = await client.execute("python", "print(1)")
        site.host(site.holder_of(job["job_id"])).cut()
        site.kill("web1")        # power loss
        site.start_host("web1")  # boots it where it is off, and starts what belongs on it

Three networks: `people` (clients and web), `relay` (Redis and all of Codr), `data` (PostgreSQL,
web and recorder; not the executors). Each host has one process, started by its line of the
Procfile, with the settings that docs/configuration.md wants for it; in production mode, since
others can reach it.
A test looks into Redis and PostgreSQL by sockets of the file system, past every network.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psycopg
import redis

from executor_app.relay import keys
from executor_app.runner import cgroups
from executor_app.runner.host import safe_name
from scripts.embedded_redis import configuration, find_server
from scripts.run import read_procfile
from scripts.with_postgres import UNSAFE_AND_FAST, create_cluster, find_binaries, server_user
from tests.hosts.network import Host, Lab, Process
from tests.server.client import Client, connect
from tests.server.parts import until
from tests.stack import CHECKOUT, WARM, Stack

PASSWORD: Final = "known-to-the-tests"
READY_S: Final = 120.0
WEB_PORT: Final = 8000
REDIS_PORT: Final = 6379
POSTGRES_PORT: Final = 5432
NETWORKS: Final = {
    "clients": ["people"],
    "redis": ["relay"],
    "postgres": ["data"],
    "web": ["people", "relay", "data"],
    "recorder": ["relay", "data"],
    "executor": ["relay"],
}
PROCFILE: Final = read_procfile(CHECKOUT / "Procfile")
FINAL_ROW: Final = "SELECT status, worker, attempt, message FROM executor_app_job WHERE id = %s"


class Site:
    """`environment` adds to or replaces settings of every process of Codr.

    Without a `folder` for the hosts' disks it makes one and removes it in the end. One that is
    given has to let any user pass through it, for PostgreSQL's sake.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        executors: int = 3,
        folder: Path | None = None,
    ) -> None:
        self._removes_folder = folder is None
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="codr-hosts."))
            folder.chmod(0o755)
        self.lab = Lab(folder)
        self.environment = dict(environment or {})
        self.processes: dict[str, Process] = {}
        self.webs = ["web1", "web2"]
        self.executors = [f"executor{n + 1}" for n in range(executors)]
        for network in ("people", "relay", "data"):
            self.lab.add_network(network)
        for name in ("clients", "redis", "postgres", "recorder", *self.webs, *self.executors):
            self.lab.add_host(name, NETWORKS[_role(name)])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def host(self, name: str) -> Host:
        return self.lab.hosts[name]

    # --- starting and ending -------------------------------------------------------------------

    def start(self) -> None:
        """Everything; returns when it is ready."""
        for name in ("clients", "redis", "postgres"):
            self.start_host(name)
        self._prepare_database()
        for name in (*self.executors, *self.webs, "recorder"):
            self.start_host(name, wait=False)
        for name in self.executors:
            self._until_ready(name, 0)
        until(lambda: not any(map(self.unready, self.webs)), "both webs are ready", READY_S)

    def start_host(self, name: str, *, wait: bool = True) -> None:
        """Boots the host if it is off and starts its process. `wait`: until it can be used."""
        host, role = self.host(name), _role(name)
        said = len(host.log(name))
        if not host.is_up:
            host.boot()
        if role == "redis":
            self._start_redis(host)
        elif role == "postgres":
            self._start_postgres(host)
        elif role in PROCFILE:
            self.processes[name] = host.run(
                ["sh", "-c", PROCFILE[role]], environment=self.settings(name), log=name
            )
        if wait and role == "web":
            until(lambda: self.ask(name, "/healthz")[0] == 200, f"{name} answers", READY_S)
        elif wait and role == "executor":
            self._until_ready(name, said)

    def _until_ready(self, executor: str, said: int) -> None:
        """What Redis has of it may still be of the one before."""
        host = self.host(executor)
        until(lambda: " ready." in host.log(executor)[said:], f"{executor} is ready", READY_S)

    def make_whole(self) -> None:
        """All that was taken away, cut or slowed is back; executors may still be starting."""
        for name, host in self.lab.hosts.items():
            if host.is_up:
                host.slow()
                host.restore()
            if name not in self.processes and name != "clients":
                self.start_host(name, wait=_role(name) not in PROCFILE)
        until(lambda: not any(map(self.unready, self.webs)), "both webs are ready", READY_S)

    def kill(self, name: str) -> None:
        """As when its power goes: everything on it is dead when this returns."""
        self.processes.pop(name, None)
        self.host(name).kill()

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends its process alone and waits for that; the host stays up."""
        self.processes.pop(name).stop(number)

    def close(self) -> None:
        self.lab.close()
        for name in self.executors:
            # Groups are the machine's: what a killed host had is still there.
            cgroups.find_hierarchy(safe_name(self.name_of(name))).remove_all()
        if self._removes_folder:
            shutil.rmtree(self.lab.folder)

    # --- what each process is told -------------------------------------------------------------

    def settings(self, name: str) -> dict[str, str]:
        host, role = self.host(name), _role(name)
        settings = {
            **Stack(host.folder / "state").settings,
            **WARM,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
            "CODR_MODE": "production",
            "CODR_TLS": "off",
            "CODR_ALLOW_ANONYMOUS": "on",
            "CODR_RATE_LIMITS": "off",
            "REDIS_URL": self.redis_url,
        }
        if role == "executor":
            return {**settings, "CODR_EXECUTOR_NAME": self.name_of(name), **self.environment}
        settings |= {"DATABASE_URL": self.database_url, "CODR_SECRET_KEY": PASSWORD}
        if role == "web":
            address = host.address("people")
            settings |= {"HOST": address, "PORT": str(WEB_PORT), "CODR_ALLOWED_HOSTS": address}
        return {**settings, **self.environment}

    @property
    def redis_url(self) -> str:
        address = self.host("redis").address("relay")
        return f"redis://default:{PASSWORD}@{address}:{REDIS_PORT}/0"

    @property
    def database_url(self) -> str:
        address = self.host("postgres").address("data")
        return f"postgresql://codr:{PASSWORD}@{address}:{POSTGRES_PORT}/postgres"

    def name_of(self, executor: str) -> str:
        """What the executor on that host calls itself; no other on this machine does."""
        return f"{executor}-{os.getpid()}"

    # --- Redis and PostgreSQL ------------------------------------------------------------------

    def _start_redis(self, host: Host) -> None:
        told = configuration(REDIS_PORT, PASSWORD, host.folder)
        told += f"bind {host.address('relay')}\nunixsocket {host.folder}/socket\n"
        self.processes["redis"] = host.run([str(find_server()), "-"], stdin=told.encode())
        until(self._redis_answers, "Redis answers")

    def _redis_answers(self) -> bool:
        try:
            with self.redis() as server:
                return bool(server.ping())
        except redis.RedisError:
            return False

    def redis(self) -> redis.Redis:
        path = self.host("redis").folder / "socket"
        return redis.Redis(unix_socket_path=str(path), password=PASSWORD)

    def _start_postgres(self, host: Host) -> None:
        binaries, data = find_binaries(), host.folder / "data"
        user = server_user(host.folder)
        if not data.exists():
            create_cluster(binaries, host.folder, user)
            with open(data / "pg_hba.conf", "a") as rules:
                rules.write("host all all samenet scram-sha-256\n")
        # Of before the power went; its process id is another's by now.
        (data / "postmaster.pid").unlink(missing_ok=True)
        options = [f"unix_socket_directories={host.folder}", "max_connections=200"]
        options += [f"listen_addresses={host.address('data')}", *UNSAFE_AND_FAST]
        command = [*user, f"{binaries}/postgres", f"-D{data}", *(f"-c{each}" for each in options)]
        self.processes["postgres"] = host.run(command, log="postgres")
        until(self._postgres_answers, "PostgreSQL answers")

    def _postgres_answers(self) -> bool:
        try:
            with self.database() as database:
                return database.execute("SELECT 1").fetchone() is not None
        except psycopg.OperationalError:
            return False

    def database(self) -> psycopg.Connection[Any]:
        folder = self.host("postgres").folder
        return psycopg.connect(
            host=str(folder), user="codr", dbname="postgres", autocommit=True, connect_timeout=5
        )

    def _prepare_database(self) -> None:
        with self.database() as database:
            database.execute(f"ALTER USER codr PASSWORD '{PASSWORD}'")
        host = self.host("web1")
        host.boot()
        command = [sys.executable, "-m", "scripts.prepare"]
        prepared = host.run(command, environment=self.settings("web1"), log="prepare")
        if prepared.entrance.wait(60) != 0:
            raise RuntimeError(f"the database cannot be prepared: {host.log('prepare')}")

    # --- asking it -----------------------------------------------------------------------------

    def url(self, web: str) -> str:
        return f"ws://{self.host(web).address('people')}:{WEB_PORT}/ws/execute"

    @asynccontextmanager
    async def client(self, web: str = "web1", *, after: int = 0) -> AsyncIterator[Client]:
        """A socket from the host `clients`."""
        over = await self.host("clients").connect(self.host(web).address("people"), WEB_PORT)
        async with connect(self.url(web), after=after, over=over) as client:
            yield client

    def ask(self, web: str, path: str) -> tuple[int, bytes]:
        """Status and body of an HTTP GET; 0 where nobody answers."""
        address = self.host(web).address("people")
        asking = http.client.HTTPConnection(address, WEB_PORT, timeout=10)
        try:
            asking.sock = self.host("clients").connect_now(address, WEB_PORT)
            asking.request("GET", path)
            answer = asking.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            asking.close()

    def unready(self, web: str = "web1") -> dict[str, str]:
        """What /readyz complains about."""
        status, body = self.ask(web, "/readyz")
        if status == 0:
            return {web: "does not answer"}
        checks: dict[str, str] = json.loads(body)["checks"]
        return {name: said for name, said in checks.items() if said != "ok"}

    def holder_of(self, job_id: str) -> str:
        """The host of the executor that has the job."""
        with self.redis() as server:
            holder = server.hget(keys.held(job_id), "executor")
        assert isinstance(holder, bytes), f"nobody holds {job_id}"
        return self.host_of(holder.decode())

    def host_of(self, worker: str) -> str:
        """The host of the executor that calls itself so."""
        return next(name for name in self.executors if self.name_of(name) == worker)

    def journal(self, job_id: str) -> list[tuple[str, dict[str, Any]]]:
        """Each entry's id, `attempt-seq`, and its frame."""
        with self.redis() as server:
            entries: Any = server.xrange(keys.output_journal(job_id))
        return [(entry.decode(), json.loads(fields[b"f"])) for entry, fields in entries]

    def row(self, job_id: str) -> dict[str, Any] | None:
        with self.database() as database, database.cursor() as cursor:
            cursor.execute(FINAL_ROW, (job_id,))
            rows = cursor.fetchall()
            assert len(rows) <= 1, rows
            names = [column.name for column in cursor.description or ()]
        return dict(zip(names, rows[0], strict=True)) if rows else None

    async def final_row(self, job_id: str, patience_s: float = 40.0) -> dict[str, Any]:
        """Once it is over."""
        async with asyncio.timeout(patience_s):
            while True:
                with contextlib.suppress(psycopg.OperationalError):
                    row = await asyncio.to_thread(self.row, job_id)
                    if row is not None and row["status"] not in ("queued", "running"):
                        return row
                await asyncio.sleep(0.1)


def _role(host: str) -> str:
    return host.rstrip("0123456789")
