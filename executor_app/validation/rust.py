"""Rust, on tree-sitter's tree.

Paths are put together from their tokens (`std`, `::`, `process`, …), not from path nodes: inside
the arguments of a macro there are only tokens, and `println!("{}", std::process::id())` must read
the same as outside. `use` declarations are expanded first, and give names their full paths.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import tree_sitter_rust
from tree_sitter import Language, Node

from .allowlists import rust as allowlist
from .allowlists.reasons import NATIVE, NOT_TAUGHT, OUTSIDE, UNSAFE
from .budget import Budget, within
from .findings import Hit, Policy, Reason, SourceFile
from .paths import leaves_the_program
from .tree import Step, named_child, parse, text, walk

RUST = Language(tree_sitter_rust.language())

NAMES = {"identifier", "type_identifier", "crate", "self", "super", "primitive_type"}
KINDS = frozenset(
    {
        *NAMES,
        "::",
        "use_declaration",
        "extern_crate_declaration",
        "foreign_mod_item",
        "attribute",
        "unsafe",
    }
)

#: Items whose name is the program's own.
OWN_ITEMS = {
    "mod_item",
    "struct_item",
    "enum_item",
    "trait_item",
    "type_item",
    "function_item",
    "macro_definition",
    "union_item",
}

USE_TOKEN = re.compile(r"//[^\n]*|/\*.*?\*/|(?:r#)?\w+|::|[{},*;]", re.DOTALL)
MACRO_CALL = re.compile(rb"\s*!\s*[\(\[\{]")
STRING = re.compile(rb'r#*"([^"]*)"|"((?:[^"\\]|\\.)*)"')
#: An argument of `include_str!` is looked at this far.
MAX_ARGUMENT_BYTES = 1000
MAX_PATH_PARTS = 12

#: A path and the byte it begins at.
Path = tuple[tuple[str, ...], int]


def check(
    files: Sequence[SourceFile], names: frozenset[str], policy: Policy, budget: Budget
) -> Iterator[Hit]:
    own = {name.split("/")[-1].removesuffix(".rs") for name in names}
    own |= {name.split("/")[0] for name in names if "/" in name}
    for file in files:
        yield from _FileCheck(file, policy, set(own)).run(budget)


class Use(NamedTuple):
    """One path out of a `use`, the name it gets (`*` for a glob), and a place for each part.

    The place is where the part's group of braces, or the whole path, has its beginning.
    """

    path: tuple[str, ...]
    made: str
    starts: tuple[int, ...]


@dataclass
class _FileCheck:
    file: SourceFile
    policy: Policy
    own: set[str]
    paths: list[Path] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    globs: list[tuple[str, ...]] = field(default_factory=list)
    found: list[Hit] = field(default_factory=list)

    def run(self, budget: Budget) -> Iterator[Hit]:
        self._read(budget)
        self._follow_uses(budget)
        yield from self.found
        for path, start in within(budget, self.file, self.paths):
            yield from self._path(path, start)

    # -- reading

    def _read(self, budget: Budget) -> None:
        tree = parse(RUST, self.file, budget)
        skip_until = 0
        parts: list[str] = []
        start, joined = 0, False
        for step, ancestors in walk(tree, KINDS, self.file, budget):
            node = step.node
            if step.kind == "use_declaration":
                self._use(node)
                skip_until = node.end_byte
            elif step.kind == "::":
                joined = True
            elif step.kind not in NAMES:
                self._item(step)
            elif node.start_byte >= skip_until:
                name = self._name(node)
                self._own_item(name, step, ancestors)
                if not joined:
                    self._end_path(parts, start)
                    parts, start = [], node.start_byte
                if len(parts) < MAX_PATH_PARTS:
                    parts.append(name)
                joined = False
                if name in allowlist.INCLUDING_MACROS:
                    self._including(name, node)
        self._end_path(parts, start)

    def _end_path(self, parts: list[str], start: int) -> None:
        if parts:
            self.paths.append((tuple(parts), start))

    def _own_item(self, name: str, step: Step, ancestors: list[Step]) -> None:
        if step.field == "name" and ancestors and ancestors[-1].kind in OWN_ITEMS:
            self.own.add(name)

    def _item(self, step: Step) -> None:
        node = step.node
        if step.kind == "foreign_mod_item":
            self._found(node.start_byte, "extern", NATIVE)
        elif step.kind == "unsafe" and self.policy is Policy.STRICT:
            self._found(node.start_byte, "unsafe", UNSAFE)
        elif step.kind == "attribute":
            self._attribute(node)
        elif step.kind == "extern_crate_declaration":
            name, alias = node.child_by_field_name("name"), node.child_by_field_name("alias")
            if name is not None:
                made = self._name(alias if alias is not None else name)
                self.uses.append(Use((self._name(name),), made, (node.start_byte,)))

    def _attribute(self, node: Node) -> None:
        name, value = named_child(node, 0), node.child_by_field_name("value")
        if name is None:
            return
        word = self._name(name)
        if word in ("unsafe", "cfg_attr"):  # `#[unsafe(link_section = "…")]`
            body = text(self.file, node)[:MAX_ARGUMENT_BYTES]
            inner = re.search(r"[(,]\s*(link\w*)\b", body)
            word = inner[1] if inner else word
        if word in allowlist.REFUSED_ATTRIBUTES:
            self._found(node.start_byte, word, allowlist.REFUSED_ATTRIBUTES[word])
        elif word == "path" and value is not None:
            path = text(self.file, value).strip('r#"')
            if leaves_the_program(path, self.file.name):
                self._found(value.start_byte, path, OUTSIDE)

    def _including(self, name: str, node: Node) -> None:
        code = self.file.code
        opening = MACRO_CALL.match(code, node.end_byte)
        if opening is None:
            return
        argument = code[opening.end() : opening.end() + MAX_ARGUMENT_BYTES].split(b";")[0]
        for match in STRING.finditer(argument):
            path = (match[1] or match[2] or b"").decode("utf-8", "replace")
            if leaves_the_program(path, self.file.name) or ".." in path.split("/"):
                self._found(node.start_byte, f"{name}!", OUTSIDE)
                return

    def _use(self, node: Node) -> None:
        self.uses.extend(_expand_use(text(self.file, node), node.start_byte))

    # -- what the policy says

    def _follow_uses(self, budget: Budget) -> None:
        # Twice: `use s::process; use std as s;` is legal in this order.
        for last in (False, True):
            for path, made, starts in within(budget, self.file, self.uses):
                full = self._full(path)
                refusal = self._refusal(full) if self._is_foreign(path) else None
                if refusal is not None:
                    if last:
                        # At the part that makes it refused, so that `net::{A, B}` is said once.
                        beyond = len(full) - refusal[0].count("::") - 1
                        self._found(starts[max(len(path) - beyond - 1, 0)], *refusal)
                elif made == "*":
                    if last:
                        self.globs.append(full)
                elif full != (made,):
                    self.aliases[made] = full

    def _is_foreign(self, path: tuple[str, ...]) -> bool:
        return path[0] not in ("crate", "self", "super") and (
            path[0] in self.aliases or path[0] not in self.own
        )

    def _full(self, path: tuple[str, ...]) -> tuple[str, ...]:
        full = (*self.aliases.get(path[0], path[:1]), *path[1:])[:MAX_PATH_PARTS]
        return ("std", *full[1:]) if full[0] in ("core", "alloc") and len(full) > 1 else full

    def _path(self, path: tuple[str, ...], start: int) -> Iterator[Hit]:
        if not self._is_foreign(path):
            return
        followed = (
            MACRO_CALL.match(self.file.code, start + len(path[0])) if len(path) == 1 else None
        )
        if followed is not None and path[0] in allowlist.REFUSED_MACROS:
            yield Hit(self.file, start, f"{path[0]}!", allowlist.REFUSED_MACROS[path[0]])
        elif len(path) > 1 or path[0] in self.aliases:
            refusal = self._refusal(self._full(path))
            if refusal is not None:
                yield Hit(self.file, start, *refusal)
        if path[0] not in self.aliases:
            for glob in self.globs:
                refusal = _refused_by_name((*glob, *path), self.policy)
                if refusal is not None:
                    yield Hit(self.file, start, *refusal)

    def _refusal(self, path: tuple[str, ...]) -> tuple[str, Reason] | None:
        if path[0] in allowlist.REFUSED_CRATES:
            return path[0], allowlist.REFUSED_CRATES[path[0]]
        if path[0] != "std":
            return None
        name = "::".join(path)
        if self.policy is Policy.STRICT and any(
            name == taught or name.startswith(f"{taught}::") or taught.startswith(f"{name}::")
            for taught in allowlist.STRICT_PATHS
        ):
            # `std::env` alone is on the way to `std::env::args`.
            longer = _refused_by_name(path, Policy.STANDARD)
            return longer or _refused_exactly_below(path)
        refusal = _refused_by_name(path, self.policy)
        if refusal is None and self.policy is Policy.STRICT:
            return "::".join(path[:2]), NOT_TAUGHT
        return refusal

    def _name(self, node: Node) -> str:
        return text(self.file, node).removeprefix("r#")

    def _found(self, offset: int, construct: str, reason: Reason) -> None:
        self.found.append(Hit(self.file, offset, construct, reason))


def _expand_use(written: str, offset: int) -> Iterator[Use]:
    """`use a::{b, c as d};` as its paths. `offset` is the byte that `written` begins at."""
    groups: list[list[tuple[str, int]]] = []
    parts: list[tuple[str, int]] = []
    start = alias = None
    expects_alias = in_path = False
    bytes_before = characters_before = 0
    for match in USE_TOKEN.finditer(written):
        token = match[0]
        if not in_path:  # `pub(crate)`
            in_path = token == "use"
        elif token.startswith(("//", "/*")) or token == "::":
            continue
        elif token == "{":
            groups.append(parts)
            start = alias = None
        elif token in (",", "}", ";"):
            if start is not None:
                yield _use(parts, alias)
            if token == "}" and groups:
                groups.pop()
            parts = groups[-1] if groups else []
            start = alias = None
        elif token == "as":
            expects_alias = True
        elif expects_alias:
            alias, expects_alias = token.removeprefix("r#"), False
        else:
            if start is None:
                # A match counts characters, a place is in bytes.
                bytes_before += len(written[characters_before : match.start()].encode())
                characters_before = match.start()
                start = offset + bytes_before
            if len(parts) < MAX_PATH_PARTS:
                parts = [*parts, (token.removeprefix("r#"), start)]


def _use(parts: list[tuple[str, int]], alias: str | None) -> Use:
    path = tuple(name for name, _ in parts)
    starts = tuple(start for _, start in parts)
    last = path[-1]
    if last in ("self", "*") and len(path) > 1:
        path = path[:-1]
    return Use(path, "*" if last == "*" else alias or path[-1], starts)


def _refused_by_name(path: tuple[str, ...], policy: Policy) -> tuple[str, Reason] | None:
    for length in range(len(path), 0, -1):
        name = "::".join(path[:length])
        reason = allowlist.REFUSED_PATHS.get(name)
        if reason is None and policy is Policy.STRICT:
            reason = allowlist.STRICT_REFUSED_PATHS.get(name)
        if reason is not None:
            return name, reason
    return None


def _refused_exactly_below(path: tuple[str, ...]) -> tuple[str, Reason] | None:
    """`std::mem` is taught, `std::mem::transmute` in it is not."""
    for length in range(3, len(path) + 1):
        name = "::".join(path[:length])
        if name in allowlist.STRICT_REFUSED_PATHS:
            return name, allowlist.STRICT_REFUSED_PATHS[name]
    return None
