"""This host as an executor: sandbox, limits and languages, tried with programs in real jails."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from executor_app.conf import conf, state_dir
from executor_app.errors import HostError
from executor_app.languages import Language, find, languages
from executor_app.protocol import Complete, FinalStatus
from executor_app.runner.cgroups import CpuShare
from executor_app.runner.host import Host
from executor_app.runner.probe import can_be_early, prove_early, prove_languages, run_alone
from executor_app.runner.spec import RunSpec

from .findings import Finding
from .layers import SECURITY_DOC, look_at_layers

INSIDE: Final = Path(__file__).with_name("inside.py")
MIB: Final = 1024 * 1024
# A program that breaks each limit, and how it has to end.
LIMITS: Final = (
    ("memory limit", "x = []\nwhile True: x.append(bytearray(1 << 20))", FinalStatus.MEMORY_LIMIT),
    ("process limit", "import os\nwhile True: os.fork()", FinalStatus.PROCESS_LIMIT),
    ("CPU limit", "while True: pass", FinalStatus.TIME_LIMIT),
    ("wall-clock limit", "import time\ntime.sleep(60)", FinalStatus.TIME_LIMIT),
    ("output limit", "while True: print('x' * 1000)", FinalStatus.OUTPUT_LIMIT),
    ("file-size limit", "f = open('f', 'wb')\nwhile True: f.write(bytes(1 << 20))",
     FinalStatus.FILE_SIZE_LIMIT),
)  # fmt: skip


async def look_at_the_host() -> AsyncIterator[Finding]:
    name = f"doctor-{os.getpid()}"
    try:
        host = Host.open(
            name=name,
            folder=state_dir() / "executors" / name,
            sandbox=conf().sandbox,
            slots=4,
            limits_by=conf().limits_by,
            share=CpuShare(conf().job_weight, conf().job_cpus),
            warm=1,
        )
    except HostError as error:
        yield Finding("sandbox", problem=str(error), advice="an executor would not start here")
        return
    try:
        async for finding in _look_at(host):
            yield finding
    finally:
        host.close()


async def _look_at(host: Host) -> AsyncIterator[Finding]:
    if host.hierarchy is not None:
        yield Finding("cgroups", f"version {host.hierarchy.version}")
    for warning in host.warnings:
        yield Finding("limits", problem=warning, weak=True)
    for finding in await look_inside(host):
        yield finding
    for finding in await look_at_layers(host):
        yield finding
    for name, code, status in LIMITS:
        yield await try_limit(host, name, code, status)
    for proof in await prove_languages(host, list(languages().values())):
        advice = "install its toolchain (docs/configuration.md, Languages)"
        part = f"language {proof.language}"
        if proof.passed:
            yield Finding(part, proof.version)
        else:
            yield Finding(part, problem=proof.reason, advice=advice)
    if conf().warm and can_be_early(host):
        async for finding in _look_at_what_waits(host):
            yield finding


async def _look_at_what_waits(host: Host) -> AsyncIterator[Finding]:
    """Interpreters that are started before there is a program: slower without, and as safe."""
    for language in languages().values():
        if language.early is not None:
            part = f"{language.name}, started before its programs"
            wrong = await prove_early(host, language)
            advice = "its programs are started as before; say what you see to who makes Codr"
            yield (
                Finding(part, problem=wrong, advice=advice, weak=True)
                if wrong
                else Finding(part, "it runs the hello program")
            )


async def look_inside(host: Host) -> list[Finding]:
    """Each protection, tried by a program inside the jail."""
    part = f"jail ({host.sandbox.name})"
    words = [str(state_dir()), str(Path.cwd()), str(Path.home()), socket.gethostname()]
    said, complete = await run_python(host, INSIDE.read_text(encoding="utf-8"), words, tty=True)
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("[")]
    findings = [
        Finding(f"{part}: {name}", problem=problem, advice=SECURITY_DOC if problem else "")
        for name, problem in lines
    ]
    if complete.status is not FinalStatus.COMPLETED or not findings:
        problem = (
            f"the attempts did not all run: {complete.status} {complete.message} {said[-300:]}"
        )
        findings.append(Finding(part, problem=problem, advice=SECURITY_DOC))
    return findings


async def try_limit(host: Host, name: str, code: str, status: FinalStatus) -> Finding:
    # The clock runs faster than a busy host's CPU: only the limit in question may be tight.
    wall_time_s = 2.0 if name == "wall-clock limit" else 30.0
    _, complete = await run_python(host, code, [], wall_time_s=wall_time_s)
    if complete.status is status:
        return Finding(name, complete.message)
    problem = f"a program that breaks it ended as {complete.status} ({complete.message})"
    return Finding(name, problem=problem, advice="see CODR_LIMITS in docs/configuration.md")


async def run_python(
    host: Host, code: str, args: Sequence[str], *, tty: bool = False, wall_time_s: float = 30.0
) -> tuple[str, Complete]:
    python: Language = find("python")
    tight = replace(
        python.run_limits,
        cpu_time_s=1.0,
        wall_time_s=wall_time_s,
        memory_bytes=64 * MIB,
        processes=16,
        output_bytes=1 * MIB,
        file_size_bytes=4 * MIB,
        disk_bytes=16 * MIB,
    )
    spec = RunSpec(
        job_id="doctor",
        language=python,
        files=[("main.py", code.encode())],
        compile_limits=python.compile_limits,
        run_limits=tight,
        args=args,
        tty=tty,
    )
    return await run_alone(host, spec)
