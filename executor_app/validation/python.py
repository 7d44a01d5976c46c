"""Python, on the tree of the standard library's `ast`.

One pass sorts the nodes by class, a second learns which names stand for which modules, a third asks
the allowlist about imports, attributes and builtins. Names are tracked for a file as a whole, not
by scope: a courtesy may be fooled by a reader who wants to, and must not be slow.
"""

import ast
import re
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from .allowlists import python as allowlist
from .allowlists.reasons import COMPUTED_NAME, INSIDES, NOT_TAUGHT, UNLISTED
from .budget import Budget, within
from .findings import TOO_COSTLY, TOO_DEEP, Hit, Policy, Reason, SourceFile, UncheckableError

#: `ast.parse` cannot be stopped and holds the interpreter: a million one-letter statements would
#: take 6 s. 200,000 take 1.2 s, and no person writes as many.
MAX_STATEMENTS = 200_000
#: `a.b.c…` is looked at this far; each attribute of a chain is looked at by itself as well.
MAX_CHAIN = 12
MAX_NESTED_CALLS = 4

#: What the parser calls the source. Its warnings are about somebody's program and do not belong in
#: our log; a filter by this name, set once, is safe with threads where `catch_warnings` is not.
PROGRAM = "<program to validate>"
warnings.filterwarnings("ignore", module=PROGRAM)

LINE_END = re.compile(rb"\r\n|\r|\n")
DUNDER = re.compile(r"__\w+__\Z")

#: Builtins from which a module can be reached.
LEADING = {"__import__", "getattr"}
#: Calls that import the module their first argument names.
IMPORTING = {"builtins.__import__", "importlib.import_module", "importlib.__import__"}


def check(
    files: Sequence[SourceFile], names: frozenset[str], policy: Policy, budget: Budget
) -> Iterator[Hit]:
    own_modules = {name.split("/")[0].removesuffix(".py") for name in names}
    own_modules -= allowlist.ALREADY_LOADED
    statements = 0
    for file in files:
        statements += len(LINE_END.findall(file.code)) + file.code.count(b";")
        if statements > MAX_STATEMENTS or budget.is_spent():
            raise UncheckableError(file, TOO_COSTLY)
        tree = _parse(file)
        if tree is not None:
            yield from _FileCheck(file, own_modules, policy).run(tree, budget)


def _parse(file: SourceFile) -> ast.Module | None:
    # Bytes, not text: a coding cookie means here what it will mean to the interpreter.
    try:
        return ast.parse(file.code, PROGRAM)
    except (RecursionError, MemoryError) as error:
        raise UncheckableError(file, TOO_DEEP) from error
    except (SyntaxError, ValueError, LookupError):
        return None  # it cannot run, and the interpreter says why


@dataclass
class _FileCheck:
    file: SourceFile
    own_modules: set[str]
    policy: Policy
    aliases: dict[str, str] = field(default_factory=dict)
    """A name of the program and the dotted name it stands for."""
    bound: set[str] = field(default_factory=set)
    """Names the program defines itself: they are not the builtins of that name."""
    starred: list[str] = field(default_factory=list)
    line_starts: list[int] = field(default_factory=list)

    def run(self, tree: ast.Module, budget: Budget) -> Iterator[Hit]:
        nodes = _by_class(tree)
        self._bind(nodes)
        for statement in nodes[ast.Import]:
            assert isinstance(statement, ast.Import)
            yield from self._import(statement)
        for statement in nodes[ast.ImportFrom]:
            assert isinstance(statement, ast.ImportFrom)
            yield from self._import_from(statement)
        self._alias_assignments(nodes[ast.Assign])
        for kind in (ast.Attribute, ast.Call, ast.Subscript):
            for node in within(budget, self.file, nodes[kind]):
                yield from self._expression(node)
        yield from self._names(within(budget, self.file, nodes[ast.Name]))

    # -- what names stand for

    def _bind(self, nodes: dict[type[ast.AST], list[ast.AST]]) -> None:
        for node in nodes[ast.Name]:
            assert isinstance(node, ast.Name)
            if not isinstance(node.ctx, ast.Load):
                self.bound.add(node.id)
        for node in nodes[ast.arg]:
            assert isinstance(node, ast.arg)
            self.bound.add(node.arg)
        for kind in (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
            self.bound.update(node.name for node in nodes[kind] if isinstance(node, kind))

    def _alias_assignments(self, assignments: list[ast.AST]) -> None:
        """`o = os` and `load = __import__`: another name for the same thing."""
        for node in assignments:
            assert isinstance(node, ast.Assign)
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id not in self.aliases:
                path = self._resolve(node.value)
                if path is not None and self._refusal(path) is None:
                    self.aliases[target.id] = path

    def _resolve(self, node: ast.AST, calls: int = 0) -> str | None:
        """The dotted name an expression stands for, as far as that can be read off it."""
        parts: list[str] = []
        for _ in range(MAX_CHAIN):
            if isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Name):
                base = self._resolve_name(node.id)
                return None if base is None else ".".join([base, *reversed(parts)])
            elif isinstance(node, ast.Call) and calls < MAX_NESTED_CALLS:
                function = self._resolve(node.func, calls + 1)
                if function in IMPORTING and (literal := _literal(node.args, 0)) is not None:
                    if function == "builtins.__import__" and parts:
                        literal = literal.split(".")[0]
                    return ".".join([literal, *reversed(parts)])
                attribute = _literal(node.args, 1)
                if function != "builtins.getattr" or attribute is None:
                    return None
                parts.append(attribute)
                node = node.args[0]
            elif isinstance(node, ast.Subscript) and calls < MAX_NESTED_CALLS:
                key = _literal([node.slice], 0)
                if key is None or self._resolve(node.value, calls + 1) != "sys.modules":
                    return None
                return ".".join([key, *reversed(parts)])
            else:
                return None
        return None

    def _resolve_name(self, name: str) -> str | None:
        if name in self.aliases:
            return self.aliases[name]
        if name in self.bound:
            return None
        for module in self.starred:
            if self._refusal(f"{module}.{name}") is not None:
                return f"{module}.{name}"
        return f"builtins.{name}"

    # -- what the policy says

    def _import(self, statement: ast.Import) -> Iterator[Hit]:
        for alias in statement.names:
            if alias.name.split(".")[0] in self.own_modules:
                self.aliases.pop(alias.asname or alias.name, None)
                continue
            refusal = self._refusal(alias.name)
            if refusal is not None:
                yield self._hit(alias, *refusal)
                self.bound.add(alias.asname or alias.name.split(".")[0])
            elif alias.asname:
                self.aliases[alias.asname] = alias.name
            else:
                root = alias.name.split(".")[0]
                self.aliases[root] = root

    def _import_from(self, statement: ast.ImportFrom) -> Iterator[Hit]:
        module = statement.module or ""
        if statement.level or module.split(".")[0] in self.own_modules:
            self.bound.update(alias.asname or alias.name for alias in statement.names)
            return
        for alias in statement.names:
            path = module if alias.name == "*" else f"{module}.{alias.name}"
            refusal = self._refusal(path)
            if refusal is not None:
                # Said of the whole module, it belongs to the statement, and is said once.
                yield self._hit(alias if refusal[0] == path else statement, *refusal)
                self.bound.add(alias.asname or alias.name)
            elif alias.name == "*":
                self.starred.append(module)
            else:
                self.aliases[alias.asname or alias.name] = path

    def _leads_somewhere(self, node: ast.AST) -> bool:
        """Most expressions hang on a name that stands for nothing: seen at a glance."""
        while isinstance(node, ast.Attribute):
            node = node.value
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            node = node.func
        return not isinstance(node, ast.Name) or node.id in self.aliases or node.id in LEADING

    def _expression(self, node: ast.AST) -> Iterator[Hit]:
        path = self._resolve(node) if self._leads_somewhere(node) else None
        refusal = None if path is None else self._refusal(path)
        if refusal is not None:
            yield self._hit(node, *refusal)
        if self.policy is not Policy.STRICT:
            return
        if isinstance(node, ast.Attribute):
            if DUNDER.match(node.attr) and node.attr not in allowlist.STRICT_DUNDERS:
                yield self._hit(node, node.attr, INSIDES)
        elif isinstance(node, ast.Call) and self._resolve(node.func) in IMPORTING and path is None:
            yield self._hit(node, "import_module", COMPUTED_NAME)

    def _names(self, nodes: Iterable[ast.AST]) -> Iterator[Hit]:
        refusals: dict[str, tuple[str, Reason] | None] = {}
        for node in nodes:
            assert isinstance(node, ast.Name)
            if node.id not in refusals:
                path = self._resolve_name(node.id)
                refusals[node.id] = None if path is None else self._refusal(path)
            refusal = refusals[node.id]
            if refusal is not None and isinstance(node.ctx, ast.Load):
                yield self._hit(node, *refusal)

    def _refusal(self, path: str) -> tuple[str, Reason] | None:
        """The refused name that `path` is or leads through, and why."""
        if path.startswith("builtins."):
            # With another dot it hangs on a name nobody knows, from a star import perhaps.
            reason = allowlist.STRICT_REFUSED.get(path) if self.policy is Policy.STRICT else None
            return None if reason is None else (path.removeprefix("builtins."), reason)
        parts = path.split(".")
        refusal = _refused_by_name(parts)
        if refusal is None and parts[0] in sys.stdlib_module_names:
            refusal = _unlisted(parts) or _refused_inside(parts)
        if refusal is None and self.policy is Policy.STRICT:
            refusal = _refused_in_lessons(path, parts)
        return refusal

    def _hit(self, node: ast.AST, construct: str, reason: Reason) -> Hit:
        if not self.line_starts:
            mark = 3 if self.file.code.startswith(b"\xef\xbb\xbf") else 0
            ends = (end.end() for end in LINE_END.finditer(self.file.code))
            self.line_starts = [mark, *ends]
        line: int = getattr(node, "lineno", 1)
        column: int = getattr(node, "col_offset", 0)
        start = self.line_starts[min(line, len(self.line_starts)) - 1]
        return Hit(self.file, start + column, construct, reason)


def _refused_by_name(parts: list[str]) -> tuple[str, Reason] | None:
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in allowlist.EXCEPTIONS:
            return None
        if name in allowlist.REFUSED:
            return name, allowlist.REFUSED[name]
    return None


def _unlisted(parts: list[str]) -> tuple[str, Reason] | None:
    listed = parts[0] in allowlist.STANDARD_MODULES
    # `multiprocessing.dummy` and its like are allowed where their parent is not.
    listed = listed or any(".".join(parts[:n]) in allowlist.EXCEPTIONS for n in (2, 3))
    return None if listed else (parts[0], UNLISTED)


def _refused_inside(parts: list[str]) -> tuple[str, Reason] | None:
    """`shutil.os.system`: modules are reached through modules that use them."""
    for start in range(1, len(parts)):
        refusal = _refused_by_name(parts[start:])
        if refusal is not None and parts[start] in sys.stdlib_module_names:
            return refusal
    return None


def _refused_in_lessons(path: str, parts: list[str]) -> tuple[str, Reason] | None:
    if parts[0] not in allowlist.STRICT_MODULES:
        return parts[0], NOT_TAUGHT
    for length in range(2, len(parts) + 1):
        name = ".".join(parts[:length])
        if name in allowlist.STRICT_REFUSED:
            return name, allowlist.STRICT_REFUSED[name]
    for part in parts[1:]:
        if part.startswith("_") and not DUNDER.match(part):
            return path, INSIDES
        if part in sys.stdlib_module_names and part not in allowlist.STRICT_MODULES:
            return part, NOT_TAUGHT
    return None


def _by_class(tree: ast.Module) -> dict[type[ast.AST], list[ast.AST]]:
    """All nodes, sorted by class, with a stack of our own: the tree may be deep."""
    nodes: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        nodes[type(node)].append(node)
        for value in vars(node).values():
            # Positions and names are most of the values, `Load` and `Store` most of the rest.
            if type(value) is list:
                for item in value:
                    if isinstance(item, ast.AST):
                        stack.append(item)
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                stack.append(value)
    return nodes


def _literal(arguments: Sequence[ast.expr], position: int) -> str | None:
    if position < len(arguments):
        argument = arguments[position]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return argument.value
    return None
