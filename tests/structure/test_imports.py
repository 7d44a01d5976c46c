"""Who may import whom: the table of docs/architecture.md, held against every file."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
APP = CHECKOUT / "executor_app"

EDGE = {"jobs", "models", "relay", "validation", "dispatch", "protocol", "languages", "conf",
        "errors", "identity", "submission", "control", "allowances", "audit",
        "answers", "openapi", "access", "api_keys", "callers", "outlet", "database",
        "shown_input", "programs", "program_api", "trace"}  # fmt: skip
# A part of executor_app -> the parts that it may import. Itself is always allowed.
MAY_IMPORT: dict[str, set[str]] = {
    "protocol": set(),
    "errors": set(),
    "trace": set(),
    "conf": set(),
    "languages": set(),
    "validation": {"languages", "errors"},
    "models": {"protocol", "conf", "errors", "languages"},
    "jobs": {"models", "protocol"},
    "networks": set(),
    "outlet": set(),
    "database": set(),
    "audit": {"database", "models", "networks"},
    "relay": {"protocol", "conf", "trace"},
    "runner": {"protocol", "languages", "errors", "trace"},
    "dispatch": {"relay", "trace"},
    "takeover": {"relay", "dispatch", "conf", "protocol"},
    "compiling": {"runner", "languages", "conf", "errors"},
    "executor": {
        "compiling",
        "takeover",
        "relay",
        "runner",
        "dispatch",
        "languages",
        "conf",
        "protocol",
        "errors",
        "trace",
    },
    "admission": set(),
    "tasks": {"admission", "conf", "executor", "dispatch", "errors", "relay", "runner"},
    "transcripts": {"protocol", "relay"},
    "records": {
        "takeover",
        "audit",
        "jobs",
        "models",
        "programs",
        "relay",
        "transcripts",
        "dispatch",
        "protocol",
        "conf",
    },
    "control": {"jobs", "models", "relay", "dispatch", "protocol"},
    "api_keys": {"audit", "models", "errors"},
    "access": {"audit", "errors", "identity", "models"},
    "identity": {"api_keys", "jobs", "models", "conf"},
    "programs": {"access", "answers", "audit", "conf", "errors", "identity", "jobs", "models"},
    "sign_in": {"audit", "identity", "jobs", "networks", "programs", "relay"},
    "account": EDGE | {"sign_in"},
    "callers": {"allowances", "answers", "audit", "errors", "identity", "protocol"},
    "api": EDGE,
    "program_api": EDGE,
    "shown_input": {"protocol", "relay"},
    "allowances": {"audit", "jobs", "models", "networks", "relay", "conf", "errors"},
    "submission": EDGE,
    "consumers": EDGE,
    "readiness": {"answers", "database", "relay"},
    "views": EDGE | {"middleware", "readiness"},
    "middleware": {"audit", "identity"},
    "answers": {"protocol"},
    "openapi": {"answers"},
    "rendering": {"models", "transcripts", "protocol", "languages"},
}
# These wire the others together, and nothing but wiring imports them.
WIRING = {"access_admin", "admin", "admin_list", "allowance_admin", "job_list",
          "job_page", "key_admin", "program_admin", "running_admin",
          "apps", "checks", "routing", "urls", "doctor", "management", "migrations",
          "templatetags"}  # fmt: skip
FORBIDDEN_OUTSIDE = {
    "protocol": {"django", "channels", "celery", "redis"},
    "languages": {"django", "channels", "celery", "redis", "pydantic"},
    "validation": {"django", "channels", "celery", "redis"},
    "runner": {"django", "channels", "celery", "redis", "channels_redis", "kombu"},
    "executor": {"django", "channels"},
    "takeover": {"django", "channels"},
    "tasks": {"django", "channels"},
}


def part_of(path: Path) -> str:
    first = path.relative_to(APP).parts[0]
    return first.removesuffix(".py")


@functools.cache
def modules() -> list[tuple[str, Path, ast.Module]]:
    return [
        (part_of(path), path, ast.parse(path.read_text(encoding="utf-8")))
        for path in sorted(APP.rglob("*.py"))
        if path != APP / "__init__.py"
    ]


def imported(path: Path, tree: ast.Module) -> Iterator[str]:
    """Absolute names of what a module imports, of modules and of names in them."""
    package = ["executor_app", *path.relative_to(APP).parent.parts]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{start}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_a_part_imports_only_what_its_row_names(part: str) -> None:
    wrong = [
        f"{path.relative_to(CHECKOUT)} imports {name}"
        for owner, path, tree in modules()
        if owner == part
        for name in imported(path, tree)
        if name.startswith("executor_app.") and name.split(".")[1] not in MAY_IMPORT[part] | {part}
    ]
    assert wrong == []


@pytest.mark.parametrize("part", sorted(FORBIDDEN_OUTSIDE))
def test_a_part_that_is_to_know_less_knows_less(part: str) -> None:
    allowed = {"redis.exceptions"}  # an executor has to know when Redis is away
    wrong = [
        f"{path.relative_to(CHECKOUT)} imports {name}"
        for owner, path, tree in modules()
        if owner == part
        for name in imported(path, tree)
        if name.split(".")[0] in FORBIDDEN_OUTSIDE[part]
        and not any(name.startswith(each) for each in allowed)
        and not (part == "tasks" and name.startswith("celery"))
    ]
    assert wrong == []


def test_every_part_has_a_row() -> None:
    assert {part for part, _, _ in modules()} - WIRING == set(MAY_IMPORT)


def test_only_the_relay_names_keys_and_groups_of_redis() -> None:
    pattern = re.compile(r"[\"']codr:(queue|job|exec)|[\"']job\.\{|:job:")
    wrong = [
        str(path.relative_to(CHECKOUT))
        for part, path, _ in modules()
        if part != "relay" and pattern.search(path.read_text(encoding="utf-8"))
    ]
    assert wrong == []


def test_only_the_session_opens_a_socket() -> None:
    source = CHECKOUT / "frontend" / "src"
    openers = {
        path.relative_to(source).parts[0]
        for path in source.rglob("*.ts*")
        if "new WebSocket" in path.read_text(encoding="utf-8") and ".test." not in path.name
    }
    assert openers == {"session"}
