"""C and C++, on tree-sitter's trees.

Headers are looked up by name. A refused function counts wherever its name stands as a value
(called, handed on, assigned), unless one of the files defines that name itself; a mere prototype
defines nothing. Bodies of macros are not parsed by the grammar and are searched as text.
"""

import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import tree_sitter_c
import tree_sitter_cpp
from tree_sitter import Language, Node

from .allowlists import c_family as allowlist
from .allowlists.reasons import ASSEMBLY, JUMPS, NOT_TAUGHT, OUTSIDE, UNLISTED
from .budget import Budget
from .findings import Hit, Policy, Reason, SourceFile
from .paths import leaves_the_program
from .tree import Step, parse, text, walk

EXTENSIONS = (".c", ".h", ".cc", ".cpp", ".cxx", ".c++", ".hh", ".hpp", ".hxx", ".ipp", ".inl")

C = Language(tree_sitter_c.language())
CPP = Language(tree_sitter_cpp.language())

NAMES = {"identifier", "field_identifier", "type_identifier", "namespace_identifier"}
KINDS = frozenset(
    {
        *NAMES,
        "qualified_identifier",
        "preproc_include",
        "preproc_call",
        "preproc_def",
        "preproc_function_def",
        "preproc_if",
        "preproc_ifdef",
        "preproc_elif",
        "preproc_elifdef",
        "gnu_asm_expression",
        "goto_statement",
    }
)

#: Around a declared name, between it and its declaration.
DECLARATORS = {
    "pointer_declarator",
    "array_declarator",
    "parenthesized_declarator",
    "reference_declarator",
    "function_declarator",
    "init_declarator",
    "attributed_declarator",
    "variadic_declarator",
}
MAX_DECLARATORS = 12
#: A name that stands directly in one of these is being introduced.
INTRODUCERS = {
    "structured_binding_declarator",
    "preproc_params",
    "preproc_def:name",
    "preproc_function_def:name",
    "enumerator:name",
    "for_range_loop:declarator",
    "lambda_capture_initializer:left",
    "init_capture:left",
    "class_specifier:name",
    "struct_specifier:name",
    "namespace_definition:name",
    "alias_declaration:name",
    "type_definition:declarator",
}
DECLARATIONS = {
    "declaration",
    "field_declaration",
    "parameter_declaration",
    "optional_parameter_declaration",
    "function_definition",
    "for_range_loop",
    "condition_declaration",
}

#: In a macro's body: what is to be skipped, an included header, or a name.
MACRO_TOKEN = re.compile(
    rb"//[^\n]*|/\*.*?\*/|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
    rb"|<(?P<header>[\w./+-]+\.?\w*)>|(?P<name>[A-Za-z_]\w*)",
    re.DOTALL,
)
_FOREIGN = "|".join(allowlist.FOREIGN_MACROS)
NEVER_TRUE = re.compile(
    rf"\s*(?:0|(?:\|?\|?\s*defined\s*(?:\(\s*(?:{_FOREIGN})\s*\)|\s(?:{_FOREIGN})\b)\s*)+)\s*\Z"
)
DEFINES_A_FOREIGN_MACRO = re.compile(rf"#[ \t]*define[ \t]+(?:{_FOREIGN})\b".encode())


def check_c(
    files: Sequence[SourceFile], names: frozenset[str], policy: Policy, budget: Budget
) -> Iterator[Hit]:
    yield from _check(C, files, names, policy, budget)


def check_cpp(
    files: Sequence[SourceFile], names: frozenset[str], policy: Policy, budget: Budget
) -> Iterator[Hit]:
    yield from _check(CPP, files, names, policy, budget)


def _check(
    language: Language,
    files: Sequence[SourceFile],
    names: frozenset[str],
    policy: Policy,
    budget: Budget,
) -> Iterator[Hit]:
    own: set[str] = set()
    readings = [_Reading(language, file, names, policy, own) for file in files]
    for reading in readings:
        reading.read(budget)
    for reading in readings:
        yield from reading.hits()


@dataclass
class _Reading:
    """What one file says; `own` is shared, since one file may define what another calls."""

    language: Language
    file: SourceFile
    names: frozenset[str]
    policy: Policy
    own: set[str]
    found: list[Hit] = field(default_factory=list)
    uses: list[Hit] = field(default_factory=list)
    """Refused names, which count unless they turn out to be the program's own."""
    dead: list[tuple[int, int]] = field(default_factory=list)
    """Byte ranges that the preprocessor drops."""

    def __post_init__(self) -> None:
        self.refused = dict(allowlist.REFUSED_FUNCTIONS)
        if self.policy is Policy.STRICT:
            self.refused.update(allowlist.STRICT_REFUSED_NAMES)
        self.refused_bytes = {name.encode(): name for name in self.refused}

    def read(self, budget: Budget) -> None:
        tree = parse(self.language, self.file, budget)
        for step, ancestors in walk(tree, KINDS, self.file, budget):
            if step.kind in NAMES:
                self._name(step, ancestors)
            elif step.kind == "preproc_include":
                self._include(step.node.child_by_field_name("path"))
            elif step.kind == "preproc_call":
                self._directive(step.node)
            elif step.kind in ("preproc_def", "preproc_function_def"):
                self._macro(step.node)
            elif step.kind.startswith(("preproc_if", "preproc_elif")):
                self._condition(step.node)
            elif step.kind == "gnu_asm_expression":
                self._found(step.node.start_byte, "asm", ASSEMBLY)
            elif step.kind == "goto_statement" and self.policy is Policy.STRICT:
                self._found(step.node.start_byte, "goto", JUMPS)

    def hits(self) -> Iterator[Hit]:
        # A program that sets `_WIN32` itself brings the guarded code to life.
        dead = [] if DEFINES_A_FOREIGN_MACRO.search(self.file.code) else _merge(self.dead)
        mine = (hit for hit in self.uses if hit.construct not in self.own)
        return (hit for hit in (*self.found, *mine) if not _is_within(hit.offset, dead))

    # -- names

    def _name(self, step: Step, ancestors: list[Step]) -> None:
        node = step.node
        name = self.refused_bytes.get(self.file.code[node.start_byte : node.end_byte])
        if name is None or not ancestors:
            return
        parent = ancestors[-1]
        if _declares(step, ancestors):
            self.own.add(name)
        elif step.kind == "field_identifier":
            return  # a member of something: `cursor.system()` is not the library's
        elif parent.kind == "qualified_identifier" and step.field == "name":
            self._qualified(name, parent.node)
        elif step.kind == "identifier" or name in allowlist.STRICT_REFUSED_NAMES:
            self._use(node.start_byte, name)

    def _qualified(self, name: str, whole: Node) -> None:
        scope = whole.child_by_field_name("scope")
        if scope is None:
            self._use(whole.start_byte, name)
        elif text(self.file, scope) == "std" and name in (
            "system",
            *allowlist.STRICT_REFUSED_NAMES,
        ):
            # Nobody defines a name in `std`: this one is never the program's own.
            self._found(whole.start_byte, name, self.refused[name])

    def _use(self, offset: int, name: str) -> None:
        self.uses.append(Hit(self.file, offset, name, self.refused[name]))

    # -- the preprocessor

    def _include(self, path: Node | None) -> None:
        if path is not None:
            self._header(text(self.file, path), path.start_byte)

    def _directive(self, node: Node) -> None:
        """Directives the grammar has no rule for: `#include_next`, `#import`, `#embed`."""
        directive, argument = (
            node.child_by_field_name("directive"),
            node.child_by_field_name("argument"),
        )
        if directive is None or argument is None:
            return
        if text(self.file, directive).lstrip("# \t") in ("include_next", "import", "embed"):
            self._header(text(self.file, argument).strip(), argument.start_byte)

    def _header(self, written: str, offset: int) -> None:
        quoted = written.startswith('"')
        if not quoted and not written.startswith("<"):
            return  # a macro: its definition is searched
        path = written[1:-1].strip()
        if leaves_the_program(path, self.file.name):
            self._found(offset, path, OUTSIDE)
            return
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(self.file.name), path))
        if quoted and self.names & {beside, posixpath.normpath(path)}:
            return
        reason = _header_refusal(posixpath.normpath(path), self.policy, quoted)
        if reason is not None:
            self._found(offset, path, reason)

    def _macro(self, node: Node) -> None:
        value = node.child_by_field_name("value")
        if value is None:
            return
        body = self.file.code[value.start_byte : value.end_byte]
        for token in MACRO_TOKEN.finditer(body):
            offset = value.start_byte + token.start()
            if token["header"] is not None:
                header = token["header"].decode("ascii", "replace")
                # Without the dot it is as likely a comparison.
                if token.start() == 0 and header.endswith(".h"):
                    self._header(f"<{header}>", offset)
            elif token["name"] in self.refused_bytes:
                self._use(offset, self.refused_bytes[token["name"]])

    def _condition(self, node: Node) -> None:
        """Notes the branch that is never compiled here, such as what `#ifdef _WIN32` guards."""
        condition = node.child_by_field_name("condition") or node.child_by_field_name("name")
        if condition is None:
            return
        alternative = node.child_by_field_name("alternative")
        end = node.end_byte if alternative is None else alternative.start_byte
        foreign = text(self.file, condition)
        if node.type in ("preproc_if", "preproc_elif"):
            if NEVER_TRUE.match(foreign):
                self.dead.append((condition.end_byte, end))
        elif foreign in allowlist.FOREIGN_MACROS:
            opening = self.file.code[node.start_byte : condition.start_byte]
            if b"ndef" not in opening:
                self.dead.append((condition.end_byte, end))
            elif alternative is not None:
                self.dead.append((alternative.start_byte, alternative.end_byte))

    def _found(self, offset: int, construct: str, reason: Reason) -> None:
        self.found.append(Hit(self.file, offset, construct, reason))


def _declares(step: Step, ancestors: list[Step]) -> bool:
    """Is the name at `step` defined here as the program's own (and not only announced)?"""
    field_name = step.field
    # `int system(char *)` announces a function; `int (*system)(char *)` is a variable.
    is_function = ancestors[-1].kind == "function_declarator"
    for parent in reversed(ancestors[-MAX_DECLARATORS:]):
        if parent.kind in INTRODUCERS or f"{parent.kind}:{field_name}" in INTRODUCERS:
            return True
        if parent.kind in DECLARATIONS:
            announced = is_function and parent.kind == "declaration"
            return field_name == "declarator" and not announced
        if parent.kind not in DECLARATORS or field_name not in ("declarator", None):
            return False
        field_name = parent.field
    return False


def _merge(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _is_within(offset: int, ranges: list[tuple[int, int]]) -> bool:
    position = bisect_right(ranges, offset, key=lambda found: found[0]) - 1
    return position >= 0 and offset < ranges[position][1]


def _header_refusal(header: str, policy: Policy, quoted: bool) -> Reason | None:
    for length in range(len(header), 0, -1):
        # The header itself, then the folders it lies in.
        if length == len(header) or header[length - 1] == "/":
            reason = allowlist.REFUSED_HEADERS.get(header[:length])
            if reason is not None:
                return reason
    known = allowlist.C_HEADERS | allowlist.CPP_HEADERS | allowlist.POSIX_HEADERS
    if policy is Policy.STRICT:
        taught = header in allowlist.STRICT_C_HEADERS | allowlist.STRICT_CPP_HEADERS
        # A quoted name that is no header of the system is a file that is missing, and the
        # compiler says so.
        return None if taught or (quoted and header not in known) else NOT_TAUGHT
    listed = header in known or header.startswith(allowlist.STANDARD_FOLDERS)
    return None if listed or quoted else UNLISTED
