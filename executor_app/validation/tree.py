"""Syntax trees of tree-sitter: parsing within a budget, and one way to walk them.

A cursor, not queries and not `Node.children`: on 100,000 nested parentheses a query took 7 s where
the cursor takes 0.02 s, and a list of children makes one object for each of them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Language, Node, Parser, Point, Tree

from .budget import Budget
from .findings import TOO_COSTLY, SourceFile, UncheckableError

#: The parser asks for its text in pieces; it looks at the budget in between.
CHUNK_BYTES = 64 * 1024
#: The walk looks at the budget each time it has passed this many nodes.
NODES_PER_LOOK = 8192


class Step(NamedTuple):
    """A node on the way, its kind, and the field of its parent that it fills."""

    kind: str
    field: str | None
    node: Node


def parse(language: Language, file: SourceFile, budget: Budget) -> Tree:
    """The tree, with error nodes where the source is wrong.

    Raises `UncheckableError` over budget.
    """

    def read(offset: int, _point: Point) -> bytes:
        return file.code[offset : offset + CHUNK_BYTES]

    def stop(_offset: int, _has_error: bool) -> bool:
        return budget.is_spent()

    try:
        return Parser(language).parse(read, progress_callback=stop)
    except ValueError as error:  # how the binding reports that `stop` said so
        raise UncheckableError(file, TOO_COSTLY) from error


def walk(
    tree: Tree, kinds: frozenset[str], file: SourceFile, budget: Budget
) -> Iterator[tuple[Step, list[Step]]]:
    """Nodes of these kinds in reading order, each with its ancestors, outermost first.

    The list of ancestors belongs to the walk and changes as it goes on: look, do not keep.
    """
    cursor = tree.walk()
    ancestors: list[Step] = []
    passed = 0
    while True:
        node = cursor.node
        assert node is not None
        kind = node.type
        has_children = node.child_count > 0
        if has_children or kind in kinds:  # the other half of all nodes costs no object
            step = Step(kind, cursor.field_name, node)
            if kind in kinds:
                yield step, ancestors
        passed += 1
        if passed % NODES_PER_LOOK == 0 and budget.is_spent():
            raise UncheckableError(file, TOO_COSTLY)
        if has_children:
            cursor.goto_first_child()
            ancestors.append(step)
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            ancestors.pop()


def text(file: SourceFile, node: Node) -> str:
    return file.code[node.start_byte : node.end_byte].decode("utf-8", "replace")


def named_child(node: Node, position: int) -> Node | None:
    """The binding raises `IndexError` where its types promise None."""
    return node.named_child(position) if position < node.named_child_count else None
