"""What is started in a jail for a job, in one place: two jobs of a kind must not differ in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from executor_app.languages import Limits
from executor_app.protocol import Stage

from .jail import Command
from .meter import rlimits
from .spec import RunSpec

if TYPE_CHECKING:
    from .host import Host

PATH: Final = "/usr/local/bin:/usr/bin:/bin"


def compile_command(host: Host, spec: RunSpec, argv: Sequence[str]) -> Command:
    return _command(host, spec, "compile", argv, tty=False, limits=spec.compile_limits)


def run_command(host: Host, spec: RunSpec) -> Command:
    argv = spec.language.run_argv(spec.args, spec.files[0][0])
    return _command(host, spec, "run", argv, tty=spec.tty, limits=spec.run_limits)


def _command(
    host: Host, spec: RunSpec, stage: Stage, argv: Sequence[str], *, tty: bool, limits: Limits
) -> Command:
    home = host.sandbox.home(host.ground)
    env = {
        "PATH": PATH,
        "HOME": home,
        "USER": "codr",
        "LANG": "C.UTF-8",
        **({"TERM": "xterm-256color"} if stage == "run" and spec.tty else {}),
        **spec.language.env,
    }
    return Command(argv, env, home, tty, rlimits(limits, grouped=host.hierarchy is not None))
