"""Hosts of their own on one machine: an address, a disk and processes that others do not see.

    with Lab(folder) as lab:
        lab.add_network("relay")
        host = lab.add_host("redis", ["relay"])
        host.boot()
        process = host.run(["redis-server", "-"], log="redis")
        host.cut()                          # frames go nowhere, and nobody is told
        host.restore()
        host.slow(delay_s=0.1, loss=0.02)   # each way; `slow()` takes it back
        host.kill()                         # as when the power goes; `boot` starts it again

A host is a set of namespaces (network, processes, mounts, name, IPC) around an init of its own.
When that dies, the kernel ends every process in it and takes its mounts and interfaces with it, so
a host that is killed leaves nothing but its folder. Hosts meet on bridges in a namespace that has
no address: the machine's own interfaces and routes are never touched. All of it ends with the
process that made it, however that ends. Needs root.

`ip netns exec` is not used: it puts a new /sys over the old one, in which there are no cgroups.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.stack import CHECKOUT

PATIENCE_S: Final = 20.0
CLONE_NEWNET: Final = 0x40000000
# It ends with its standard input, which we hold; children that it inherits are not left as zombies.
# Its own folder is all that it sees of where hosts keep theirs. What programs keep by process id in
# /run or by name in /dev/shm is each host's own too.
INIT: Final = """
set -e
trap "" CHLD
cd "$2/$1"
hostname "$1"
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs "$2"
mkdir "$2/$1"
mount --no-canonicalize --bind . "$2/$1"
cd /
ip link set lo up
echo ready
exec cat > /dev/null
"""
SWITCH_INIT: Final = """
trap "" CHLD
echo ready
exec cat > /dev/null
"""
ISOLATED: Final = ("--net", "--pid", "--mount", "--uts", "--ipc")

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Process:
    """A process of a host. `pid` is the machine's number for it."""

    entrance: subprocess.Popen[bytes]
    pid: int

    def alive(self) -> bool:
        return self.entrance.poll() is None

    def send(self, number: signal.Signals) -> None:
        if self.alive():
            os.kill(self.pid, number)
            if number == signal.SIGCONT:
                self.entrance.send_signal(number)  # nsenter stops itself with its child

    def stop(self, number: signal.Signals = signal.SIGTERM, patience_s: float = 30.0) -> int:
        """Sends it and waits for the end."""
        self.send(number)
        return self.entrance.wait(patience_s)


@dataclass
class Host:
    """`number` is the last part of each of its addresses."""

    lab: Lab
    name: str
    number: int
    networks: Sequence[str]
    folder: Path
    _holder: subprocess.Popen[bytes] | None = None
    _init: int = 0
    _processes: list[Process] = field(default_factory=list)
    _wires: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def address(self, network: str) -> str:
        return f"10.90.{self.lab.networks.index(network)}.{self.number}"

    # --- its life ------------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        return self._holder is not None

    @property
    def init(self) -> int:
        """The machine's number for its first process; the host's namespaces are that one's."""
        return self._init

    def boot(self) -> None:
        """Starts it with nothing running and every link whole."""
        assert not self.is_up, f"{self.name} is up"
        command = ["unshare", *ISOLATED, "--fork", "--kill-child", "--mount-proc"]
        command += ["sh", "-c", INIT, "init", self.name, str(self.lab.folder)]
        self._holder, self._init = _start_holder(command)
        for network in self.networks:
            self._plug_in(network)

    def kill(self) -> None:
        """Ends all its processes at once. Returns when they are dead."""
        if self._holder is None:
            return
        for network in self.networks:
            self._drop_wire(network)
            # It would go with the host, but at some time after.
            self.lab.on_switch(f"ip link delete {self._port(network)}")
        _end_holder(self._holder, self._init)
        self._holder = None
        for process in self._processes:
            process.entrance.kill()  # stopped, it would never see that its child is gone
            process.entrance.wait()
        self._processes = []

    def run(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        log: str = "",
    ) -> Process:
        """Starts a command in the checkout; what it says goes to `log` in the host's folder."""
        # A path is looked up again inside: a folder that was open outside belongs to other mounts.
        inside = ["sh", "-c", 'cd "$0" && exec "$@"', str(CHECKOUT), *command]
        with open(self.folder / f"{log}.log" if log else os.devnull, "ab") as said:
            entrance = subprocess.Popen(
                ["nsenter", f"--target={self._init}", *ISOLATED, *inside],
                env=None if environment is None else dict(environment),
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        assert entrance.stdin is not None
        process = Process(entrance, _only_child(entrance))
        self._processes = [each for each in self._processes if each.alive()] + [process]
        with contextlib.suppress(BrokenPipeError):
            entrance.stdin.write(stdin)
            entrance.stdin.close()
        return process

    def send_all(self, number: signal.Signals) -> None:
        """To every process but its init; SIGSTOP freezes the host, and its network goes on."""
        command = ["nsenter", f"--target={self._init}", "--pid", "--mount"]
        command += ["sh", "-c", f"kill -s {number.name[3:]} -- -1"]
        subprocess.run(command, timeout=PATIENCE_S, check=True)
        if number == signal.SIGCONT:
            for process in self._processes:
                process.send(number)

    def log(self, name: str) -> str:
        """What that process has said so far, on every start."""
        file = self.folder / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    # --- its links -----------------------------------------------------------------------------

    def cut(self, *networks: str) -> None:
        """Of these networks, or all: frames are lost both ways. No process is told."""
        for network in networks or self.networks:
            self.lab.on_switch(f"ip link set {self._port(network)} nomaster")

    def restore(self, *networks: str) -> None:
        for network in networks or self.networks:
            bridge = self._side_bridge(network) if network in self._wires else network
            self.lab.on_switch(f"ip link set {self._port(network)} master {bridge}")

    def slow(self, *networks: str, delay_s: float = 0.0, loss: float = 0.0) -> None:
        """Each frame, there and back, takes so much longer, and that share of them is lost."""
        for network in networks or self.networks:
            if self.lab.has_netem:
                self._slow_by_netem(network, delay_s, loss)
            else:
                self._drop_wire(network)
                if delay_s or loss:
                    self._put_wire(network, delay_s, loss)

    # --- reaching out from it ------------------------------------------------------------------

    def open_socket(self) -> socket.socket:
        """A new TCP socket of this host in our hands: sockets stay in the network they began in."""
        own = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        other = os.open(f"/proc/{self._init}/ns/net", os.O_RDONLY)
        try:
            _enter_network(other)
            try:
                return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            finally:
                _enter_network(own)
        finally:
            os.close(own)
            os.close(other)

    async def connect(self, address: str, port: int, patience_s: float = 10.0) -> socket.socket:
        """A connection from this host to another."""
        made = self.open_socket()
        made.setblocking(False)
        try:
            async with asyncio.timeout(patience_s):
                await asyncio.get_running_loop().sock_connect(made, (address, port))
        except BaseException:
            made.close()
            raise
        return made

    def connect_now(self, address: str, port: int, patience_s: float = 10.0) -> socket.socket:
        """The same for who has no loop."""
        made = self.open_socket()
        made.settimeout(patience_s)
        try:
            made.connect((address, port))
        except BaseException:
            made.close()
            raise
        return made

    # --- on the switch -------------------------------------------------------------------------

    def _port(self, network: str) -> str:
        return f"{network}{self.number}"

    def _side_bridge(self, network: str) -> str:
        return f"{self._port(network)}s"

    def _plug_in(self, network: str) -> None:
        port, bridge = self._port(network), network
        # The same after each start, so that nobody's table of neighbours goes stale.
        mac = f"02:00:00:00:{self.lab.networks.index(network):02x}:{self.number:02x}"
        self.lab.on_switch(
            f"ip link add {port} type veth peer name {network} address {mac} netns {self._init}",
            f"ip link set {port} master {bridge} up",
        )
        self._inside(
            f"ip address add {self.address(network)}/24 dev {network}", f"ip link set {network} up"
        )

    def _inside(self, *commands: str) -> None:
        _run_in_network(self._init, commands)

    def _slow_by_netem(self, network: str, delay_s: float, loss: float) -> None:
        change = f"netem delay {delay_s * 1000:.0f}ms loss {loss * 100:g}%"
        if not (delay_s or loss):
            change = "pfifo"
        self.lab.on_switch(f"tc qdisc replace dev {self._port(network)} root {change}")
        self._inside(f"tc qdisc replace dev {network} root {change}")

    def _put_wire(self, network: str, delay_s: float, loss: float) -> None:
        """Port, a bridge of its own, our wire, and then the bridge of all."""
        port, side = self._port(network), self._side_bridge(network)
        ends = f"{port}a", f"{port}b"
        command = [sys.executable, "-m", "tests.hosts.wire", *ends, str(delay_s), str(loss)]
        self._wires[network] = wire = subprocess.Popen(
            ["nsenter", f"--target={self.lab.switch}", "--net", *command],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert wire.stdout is not None
        assert wire.stdout.readline() == b"ready\n", "the wire did not come up"
        self.lab.on_switch(
            f"ip link add {side} type bridge",
            f"ip link set {side} up",
            f"ip link set {ends[0]} master {side} up",
            f"ip link set {ends[1]} master {network} up",
            f"ip link set {port} master {side}",
        )

    def _drop_wire(self, network: str) -> None:
        wire = self._wires.pop(network, None)
        if wire is None:
            return
        self.lab.on_switch(
            f"ip link set {self._port(network)} master {network}",
            f"ip link delete {self._side_bridge(network)}",
        )
        wire.kill()
        wire.communicate()


class Lab:
    """Networks and the hosts on them. `folder` gets one for each host, which is its disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.networks: list[str] = []
        self.hosts: dict[str, Host] = {}
        self._holder, self.switch = _start_holder(
            ["unshare", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", SWITCH_INIT]
        )
        self.has_netem = self._netem_works()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        for host in self.hosts.values():
            host.kill()
        _end_holder(self._holder, self.switch)

    def add_network(self, name: str) -> None:
        """Up to ten letters; the first one is 10.90.0.0/24, the next 10.90.1.0/24 …"""
        self.networks.append(name)
        self.on_switch(f"ip link add {name} type bridge", f"ip link set {name} up")

    def add_host(self, name: str, networks: Sequence[str]) -> Host:
        """Not started yet."""
        folder = self.folder / name
        folder.mkdir()
        self.hosts[name] = Host(self, name, len(self.hosts) + 1, networks, folder)
        return self.hosts[name]

    def on_switch(self, *commands: str) -> None:
        _run_in_network(self.switch, commands)

    def _netem_works(self) -> bool:
        """A module that not every kernel has; where it is missing, `wire` takes its place."""
        try:
            self.on_switch("tc qdisc add dev lo root netem delay 1ms")
        except RuntimeError:
            return False
        return True


def _start_holder(command: Sequence[str]) -> tuple[subprocess.Popen[bytes], int]:
    """What keeps namespaces alive: unshare, and its child, whose standard input we hold."""
    holder = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert holder.stdout is not None
    if holder.stdout.readline() != b"ready\n":
        raise RuntimeError(f"{command}: {holder.communicate()[1].decode().strip()}")
    return holder, _only_child(holder)


def _end_holder(holder: subprocess.Popen[bytes], init: int) -> None:
    """An init is dead when all others of its namespace are, and unshare ends after it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(init, signal.SIGKILL)
    holder.communicate()


def _only_child(process: subprocess.Popen[bytes]) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children:
            return int(children[0])
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args!r} has no child")
        time.sleep(0.002)


def _run_in_network(pid: int, commands: Sequence[str]) -> None:
    script = "\n".join(["set -e", *commands])
    command = ["nsenter", f"--target={pid}", "--net", "sh", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{'; '.join(commands)}: {done.stderr.strip()}")


def _enter_network(namespace: int) -> None:
    """This thread alone."""
    if _libc.setns(namespace, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
