"""JavaScript, on tree-sitter's tree.

One walk gathers the nodes that can name a module or a global; then names are followed: what was
required, destructured or assigned under another name, and what the program defines itself.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import tree_sitter_javascript
from tree_sitter import Language, Node

from .allowlists import javascript as allowlist
from .allowlists.reasons import (
    COMPUTED_NAME,
    EVALUATES,
    INSIDES,
    NATIVE,
    NOT_TAUGHT,
    OUTSIDE,
    UNLISTED,
)
from .budget import Budget, within
from .findings import Hit, Policy, Reason, SourceFile
from .paths import leaves_the_program
from .tree import Step, named_child, parse, text, walk

JAVASCRIPT = Language(tree_sitter_javascript.language())

KINDS = frozenset(
    {
        "identifier",
        "shorthand_property_identifier_pattern",
        "shorthand_property_identifier",
        "variable_declarator",
        "assignment_expression",
        "call_expression",
        "member_expression",
        "subscript_expression",
        "import_statement",
        "export_statement",
    }
)

MEMBERS = ("member_expression", "subscript_expression")
GLOBALS = {"globalThis", "global"}
#: Names without a meaning of their own here are not followed.
FOLLOWED = {
    *GLOBALS,
    "process",
    "require",
    "module",
    *(name.split(".")[0] for name in (*allowlist.REFUSED, *allowlist.STRICT_REFUSED)),
}
FOLLOWED_BYTES = {name.encode(): name for name in FOLLOWED}

#: A name directly in one of these, in this field if one is given, is being defined.
DEFINING = {
    "formal_parameters",
    "rest_pattern",
    "array_pattern",
    "import_clause",
    "namespace_import",
    "pair_pattern:value",
    "assignment_pattern:left",
    "object_assignment_pattern:left",
    "variable_declarator:name",
    "function_declaration:name",
    "function_expression:name",
    "generator_function_declaration:name",
    "generator_function:name",
    "class_declaration:name",
    "class:name",
    "arrow_function:parameter",
    "catch_clause:parameter",
    "for_in_statement:left",
    "import_specifier:name",
    "import_specifier:alias",
}

#: Calls that load the module their first argument names.
LOADING = re.compile(r"(?:.*\.)?require|import|process\.getBuiltinModule")
#: `globalThis.process.…` is followed this far.
MAX_CHAIN = 10
#: A name longer than this names nothing of ours.
MAX_NAME_BYTES = 200

ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,5})\}|(.))", re.DOTALL
)


def check(
    files: Sequence[SourceFile], names: frozenset[str], policy: Policy, budget: Budget
) -> Iterator[Hit]:
    for file in files:
        yield from _FileCheck(file, policy).run(budget)


@dataclass
class _FileCheck:
    file: SourceFile
    policy: Policy
    nodes: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    aliases: dict[str, str] = field(default_factory=dict)
    """A name of the program and the dotted path it stands for; a module is `module:name`."""
    defined: set[str] = field(default_factory=set)
    uses: list[tuple[str, Node]] = field(default_factory=list)
    """Followed names where they stand as values."""
    taken: list[tuple[str, Node]] = field(default_factory=list)
    """Paths that an import or a pattern takes out of something, without an expression."""

    def run(self, budget: Budget) -> Iterator[Hit]:
        tree = parse(JAVASCRIPT, self.file, budget)
        for step, ancestors in walk(tree, KINDS, self.file, budget):
            if "identifier" in step.kind:
                self._identifier(step, ancestors)
            else:
                self.nodes[step.kind].append(step.node)
        self._follow(budget)
        for node in (*self.nodes["import_statement"], *self.nodes["export_statement"]):
            yield from self._import(node)
        for node in within(budget, self.file, self.nodes["call_expression"]):
            yield from self._call(node)
        for kind in MEMBERS:
            for node in within(budget, self.file, self.nodes[kind]):
                yield from self._member(node)
        for name, node in self.uses:
            yield from self._use(name, node)
        for path, node in self.taken:
            yield from self._path(path, node)

    # -- what names stand for

    def _identifier(self, step: Step, ancestors: list[Step]) -> None:
        node = step.node
        name = FOLLOWED_BYTES.get(self.file.code[node.start_byte : node.end_byte])
        if name is None or not ancestors:
            return
        parent = ancestors[-1].kind
        if (
            step.kind == "shorthand_property_identifier_pattern"
            or parent in DEFINING
            or f"{parent}:{step.field}" in DEFINING
        ):
            self.defined.add(name)
        else:
            self.uses.append((name, node))

    def _follow(self, budget: Budget) -> None:
        for node in within(budget, self.file, self.nodes["import_statement"]):
            self._follow_import(node)
        for node in within(budget, self.file, self.nodes["variable_declarator"]):
            self._follow_assignment(node, "name", "value")
        for node in within(budget, self.file, self.nodes["assignment_expression"]):
            self._follow_assignment(node, "left", "right")

    def _follow_import(self, node: Node) -> None:
        module = self._source_of(node)
        if module is None:
            return
        path = _module_path(module)
        clause = named_child(node, 0)
        for name in clause.named_children if clause and clause.type == "import_clause" else ():
            if name.type == "identifier":
                self.aliases[self._name(name)] = path
            elif name.type == "namespace_import" and (made := named_child(name, 0)):
                self.aliases[self._name(made)] = path
            elif name.type == "named_imports":
                self._follow_named(name, path)

    def _follow_named(self, imports: Node, path: str) -> None:
        for child in imports.named_children:
            name = child.child_by_field_name("name")
            made = child.child_by_field_name("alias") or name
            if name is not None and made is not None:
                self.aliases[self._name(made)] = _below(path, self._name(name))
                self.taken.append((_below(path, self._name(name)), child))

    def _follow_assignment(self, node: Node, left: str, right: str) -> None:
        target, value = node.child_by_field_name(left), node.child_by_field_name(right)
        if target is None or value is None or target.type not in ("identifier", "object_pattern"):
            return
        path = self._resolve(value)
        if path is None:
            return
        if target.type == "identifier":
            self.aliases.setdefault(self._name(target), path)
            return
        for name, key in self._pattern(target):
            self.aliases.setdefault(name, _below(path, key))
            self.taken.append((_below(path, key), target))

    def _pattern(self, pattern: Node) -> Iterator[tuple[str, str]]:
        """The names an object pattern makes, each with the property it takes."""
        for child in pattern.named_children:
            if child.type == "shorthand_property_identifier_pattern":
                yield self._name(child), self._name(child)
            elif child.type == "pair_pattern":
                key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
                if key is not None and value is not None and value.type == "identifier":
                    yield self._name(value), self._name(key)

    def _resolve(self, node: Node | None) -> str | None:
        """The dotted path an expression stands for, as far as that can be read off it."""
        parts: list[str] = []
        base: str | None = None
        for _ in range(MAX_CHAIN):
            if node is None:
                return None
            if node.type == "identifier":
                base = self._resolve_name(self._name(node))
                break
            if node.type in MEMBERS:
                part = self._property(node)
                if part is None:
                    return None
                parts.append(part)
                node = node.child_by_field_name("object")
            elif node.type in ("parenthesized_expression", "await_expression"):
                node = named_child(node, 0)
            elif node.type == "sequence_expression":  # `(0, eval)(…)`
                node = node.child_by_field_name("right") or named_child(node, 1)
            elif node.type == "call_expression":
                module = self._loaded(node)
                base = None if module is None else _module_path(module)
                break
            else:
                return None
        if base is None:
            return None
        for part in reversed(parts):
            base = _below(base, part)
        return base

    def _resolve_name(self, name: str) -> str | None:
        if name in self.aliases:
            return self.aliases[name]
        return name if name in FOLLOWED and name not in self.defined else None

    def _property(self, node: Node) -> str | None:
        if node.type == "member_expression":
            part = node.child_by_field_name("property")
            return None if part is None else self._name(part)
        return self._literal(node.child_by_field_name("index"))

    def _loaded(self, call: Node) -> str | None:
        """The module a call loads, if it is one of the loading calls with its name as text."""
        if not self._is_loading(call):
            return None
        arguments = call.child_by_field_name("arguments")
        return self._literal(None if arguments is None else named_child(arguments, 0))

    def _is_loading(self, call: Node) -> bool:
        function = call.child_by_field_name("function")
        if function is None:
            return False
        if function.type == "import":
            return True
        if function.type == "identifier":
            path = self._resolve_name(self._name(function))
            return path is not None and LOADING.fullmatch(path) is not None
        if function.type not in MEMBERS:
            return False
        # `module.require`, `process.mainModule.require`: whatever `require` hangs on.
        part = self._property(function)
        return part == "require" or (
            part == "getBuiltinModule"
            and self._resolve(function.child_by_field_name("object")) == "process"
        )

    # -- what the policy says

    def _import(self, node: Node) -> Iterator[Hit]:
        source = node.child_by_field_name("source")
        module = self._source_of(node)
        if source is not None and module is not None:
            yield from self._module(module, source)

    def _call(self, call: Node) -> Iterator[Hit]:
        module = self._loaded(call)
        arguments = call.child_by_field_name("arguments")
        if module is not None and arguments is not None:
            yield from self._module(module, named_child(arguments, 0) or call)
        elif self.policy is Policy.STRICT:
            yield from self._call_in_a_lesson(call, arguments)

    def _call_in_a_lesson(self, call: Node, arguments: Node | None) -> Iterator[Hit]:
        if self._is_loading(call) and arguments is not None and arguments.named_child_count:
            yield Hit(self.file, call.start_byte, "require", COMPUTED_NAME)
        function = call.child_by_field_name("function")
        if function is None or function.type not in MEMBERS:
            return
        if self._property(function) == "constructor":  # of a function: runs text as code
            yield Hit(self.file, function.start_byte, "constructor", EVALUATES)

    def _module(self, module: str, place: Node) -> Iterator[Hit]:
        reason = self._module_refusal(module)
        if reason is not None:
            name = module.removeprefix("node:")
            yield Hit(self.file, place.start_byte, name, reason)

    def _module_refusal(self, module: str) -> Reason | None:
        if module.endswith(".node"):
            return NATIVE
        if module.startswith(("/", ".", "file:")):
            path = module.removeprefix("file://")
            return OUTSIDE if leaves_the_program(path, self.file.name) else None
        if module.startswith("data:"):
            return EVALUATES if self.policy is Policy.STRICT else None
        root = module.removeprefix("node:").split("/")[0]
        if root in allowlist.REFUSED_MODULES:
            return allowlist.REFUSED_MODULES[root]
        ships_with_node = root in allowlist.NODE_MODULES or module.startswith("node:")
        if ships_with_node and root not in allowlist.STANDARD_MODULES:
            return UNLISTED
        if self.policy is Policy.STRICT and root not in allowlist.STRICT_MODULES:
            return allowlist.STRICT_REFUSED_MODULES.get(root, NOT_TAUGHT)
        return None

    def _member(self, node: Node) -> Iterator[Hit]:
        part = self._property(node)
        if part is None:
            return
        if self.policy is Policy.STRICT and part in allowlist.STRICT_PROPERTIES:
            yield Hit(self.file, node.start_byte, part, INSIDES)
        path = self._resolve(node)
        if path is not None:
            yield from self._path(path, node)

    def _use(self, name: str, node: Node) -> Iterator[Hit]:
        if name not in self.aliases and name not in self.defined:
            yield from self._path(name, node)

    def _path(self, path: str, node: Node) -> Iterator[Hit]:
        parts = path.split(".")
        for length in range(1, min(len(parts), 3) + 1):
            name = ".".join(parts[:length])
            reason = allowlist.REFUSED.get(name)
            if reason is None and self.policy is Policy.STRICT:
                reason = allowlist.STRICT_REFUSED.get(name)
                if parts[0] == "process" and length == 2:
                    reason = None if parts[1] in allowlist.STRICT_PROCESS else INSIDES
            if reason is not None:
                yield Hit(self.file, node.start_byte, name, reason)
                return

    # -- text

    def _source_of(self, node: Node) -> str | None:
        return self._literal(node.child_by_field_name("source"))

    def _literal(self, node: Node | None) -> str | None:
        if node is None or node.type not in ("string", "template_string"):
            return None
        if node.end_byte - node.start_byte > MAX_NAME_BYTES:
            return None
        if any(child.type == "template_substitution" for child in node.named_children):
            return None
        return ESCAPE.sub(_unescape, text(self.file, node)[1:-1])

    def _name(self, node: Node) -> str:
        if node.end_byte - node.start_byte > MAX_NAME_BYTES:
            return ""
        return ESCAPE.sub(_unescape, text(self.file, node))


def _module_path(module: str) -> str:
    name = module.removeprefix("node:")
    return "process" if name == "process" else f"module:{name}"


def _below(path: str, part: str) -> str:
    return part if path in GLOBALS else f"{path}.{part}"


def _unescape(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    return chr(int(digits, 16)) if digits else match[4] or ""
