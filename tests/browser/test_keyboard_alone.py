"""A walk through the page by the keyboard alone, with the accessibility tree of each step written
down: what is there for somebody who reads it by ear, in the browser's own words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.ide import Ide
from tests.browser.test_page import focused

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PROGRAM = 'print("hello", input("Name? "))'
MOST_STEPS = 40
# What somebody can do something with, so that it needs a name to be told by.
OPERABLE = {"button", "link", "textbox", "combobox", "checkbox", "radio", "tab", "menuitem"}
# Lines of text and the boxes around them would be most of the tree, and say nothing by themselves.
LEFT_OUT = {"none", "generic", "InlineTextBox", "LineBreak"}
STATES = ("focused", "disabled", "expanded", "selected", "checked", "pressed", "readonly", "modal")
# In the editor and the terminal it is the cursor that shows where one is.
SHOWS_FOCUS = """() => {
    const at = document.activeElement;
    if (at.matches(".cm-content, .xterm-helper-textarea")) return true;
    const {outlineStyle, outlineWidth} = getComputedStyle(at);
    return outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
}"""


@dataclass
class Node:
    role: str
    name: str
    states: list[str] = field(default_factory=list)
    inside: list[Node] = field(default_factory=list)

    def lines(self, depth: int = 0) -> Iterator[str]:
        name = f' "{self.name}"' if self.name else ""
        yield "  " * depth + " ".join([self.role + name, *self.states])
        for node in self.inside:
            yield from node.lines(depth + 1)

    def all(self) -> Iterator[Node]:
        yield self
        for node in self.inside:
            yield from node.all()


def tree(page: Page) -> Node:
    """As Chromium gives it to a screen reader."""
    browser = page.context.new_cdp_session(page)
    found = browser.send("Accessibility.getFullAXTree")["nodes"]
    browser.detach()
    by_id = {node["nodeId"]: node for node in found}
    (root,) = _nodes(by_id, found[0])
    return root


def _nodes(by_id: dict[str, dict[str, Any]], raw: dict[str, Any]) -> list[Node]:
    """Of one that is left out, those inside."""
    inside = [
        node
        for child in raw.get("childIds", ())
        if child in by_id
        for node in _nodes(by_id, by_id[child])
    ]
    role = raw.get("role", {}).get("value", "none")
    if raw["ignored"] or role in LEFT_OUT:
        return inside
    name = " ".join(raw.get("name", {}).get("value", "").split())
    given = {each["name"]: each["value"].get("value") for each in raw.get("properties", ())}
    states = [
        state if given[state] in (True, "true") else f"{state}={given[state]}"
        for state in STATES
        if state in given and (given[state] not in (False, "false") or state == "expanded")
    ]
    # The text of a button is its name.
    inside = [node for node in inside if node.role != "StaticText" or node.name != name]
    return [Node(role, name, states, inside)]


class Walk:
    """One person, without a mouse."""

    def __init__(self, ide: Ide) -> None:
        self.ide = ide
        self.steps: list[str] = []

    def press(self, *keys: str) -> None:
        for key in keys:
            self.ide.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.ide.page.keyboard.type(text)

    def go_to(self, name: str, key: str = "Tab") -> None:
        passed: list[str] = []
        while (at := focused(self.ide)) != name:
            passed.append(at)
            assert len(passed) <= MOST_STEPS, f"{name} was not come to, but {passed}"
            # In the editor Tab indents, and after Escape it goes on.
            self.press(*(("Escape",) if at == "Program source" else ()), key)
        assert self.ide.page.evaluate(SHOWS_FOCUS), f"nothing shows that {name} has the focus"

    def look(self, what: str) -> Node:
        found = tree(self.ide.page)
        self.steps.append("\n".join([f"# {what}", *found.lines()]))
        nameless = [node for node in found.all() if node.role in OPERABLE and not node.name]
        assert nameless == [], what
        return found


def named(root: Node, role: str) -> list[str]:
    return [node.name for node in root.all() if node.role == role]


def test_everything_is_done_without_a_mouse_and_has_a_name(ide: Ide, screenshots: Path) -> None:
    walk = Walk(ide)
    expect(ide.part("run")).to_be_enabled()
    walk.go_to("language")
    walk.type("Py")
    expect(ide.part("language")).to_have_value("python")
    page = walk.look("The page, before anything is done")
    assert named(page, "region") == ["Program", "Terminal"]
    assert page.name == "Codr"

    walk.go_to("Program source")
    walk.press("Control+a")
    walk.type(PROGRAM)
    walk.press("Control+Enter")
    ide.is_asked("Name?")
    expect(ide.input_line).to_be_focused()
    asked = walk.look("The program asks")
    assert any(node.role == "textbox" and "focused" in node.states for node in asked.all())
    walk.type("Ada\n")
    ide.has_ended()
    ide.sees("hello Ada")
    ended = walk.look("It has ended")
    assert any("hello Ada" in node.name for node in ended.all())

    walk.go_to("options", "Shift+Tab")
    walk.press("Enter")
    expect(ide.part("run-options")).to_be_visible()
    walk.go_to("args")
    walk.type("one 'two three'")
    walk.look("Input, arguments and limits of a run")
    walk.press("Escape")
    expect(ide.part("options")).to_be_focused()

    walk.go_to("Program menu", "Shift+Tab")
    walk.press("Enter")
    expect(ide.page.get_by_role("menu")).to_be_visible()
    walk.look("The menu of the program")
    walk.go_to("Settings…", "ArrowDown")
    walk.press("Enter")
    expect(ide.dialog).to_be_visible()
    walk.look("The settings")
    walk.press("Escape")
    expect(ide.dialog).to_have_count(0)

    walk.go_to("Program source")
    walk.press("Control+s")
    walk.type("greeter\n")
    expect(ide.part("file-note")).to_contain_text("Saved as greeter.")
    walk.go_to("mine", "Shift+Tab")
    walk.press("Enter")
    expect(ide.entry("runs")).to_be_visible()
    walk.look("My work: runs")
    walk.go_to("tab-runs")
    walk.press("ArrowRight")
    expect(ide.part("tab-programs")).to_be_focused()
    expect(ide.entry("programs")).to_be_visible()
    walk.look("My work: programs")
    walk.press("Escape")
    expect(ide.part("mine")).to_be_focused()

    walk.go_to("watch")
    walk.press("Enter")
    expect(ide.dialog).to_be_visible()
    walk.go_to("Make a link")
    walk.press("Enter")
    expect(ide.part("watch-link")).to_be_visible()
    walk.look("Watch together")
    walk.press("Escape")
    expect(ide.part("watch")).to_be_focused()

    walk.go_to("Program source", "Shift+Tab")
    walk.press("Control+a")
    walk.type("while True: pass")
    walk.press("Control+Enter")
    ide.is_running()
    walk.go_to("stop", "Shift+Tab")
    walk.press("Enter")
    ide.has_ended("cancelled")
    walk.look("Stopped")
    written = screenshots / "accessibility-tree.txt"
    written.write_text("\n\n".join(walk.steps) + "\n", encoding="utf-8")
