"""Reads a page's markup strictly: which elements and attributes there are."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

# What a transcript and a highlighted file may consist of.
PARTS: Final = {
    "span": {"class", "style"},
    "div": {"class"},
    "pre": {"class"},
    "table": {"class"},
    "tr": set(),
    "td": {"class"},
}
CLASSES: Final = re.compile(r"[a-z0-9-]+( [a-z0-9-]+)*")
STYLE: Final = re.compile(r"(color|background-color):#[0-9a-f]{6}(;background-color:#[0-9a-f]{6})?")


class Markup(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.odd: list[str] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    @property
    def text(self) -> str:
        return "".join(self.texts)

    @property
    def kinds(self) -> set[tuple[str, str]]:
        """Each pair of an element and one of its attributes."""
        return {(tag, name) for tag, has in self.elements for name in ("", *has)}

    def values(self, *names: str) -> set[str]:
        return {has[name] for _, has in self.elements for name in names if name in has}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._open:
            self.odd.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.odd.append(f"<!--{data}")

    def handle_decl(self, decl: str) -> None:
        self.odd.append(f"<!{decl}")

    def handle_pi(self, data: str) -> None:
        self.odd.append(f"<?{data}")

    def unknown_decl(self, data: str) -> None:
        self.odd.append(f"<![{data}")


def checked(html: str) -> Markup:
    """A piece of a page that is made of harmless parts alone; fails if it is not."""
    markup = Markup(html)
    assert markup.odd == []
    for tag, has in markup.elements:
        assert tag in PARTS, tag
        assert has.keys() <= PARTS[tag], (tag, has)
        assert CLASSES.fullmatch(has.get("class", "a")), has
        assert "style" not in has or STYLE.fullmatch(has["style"]), has
    # Whatever has its own meaning is a character reference in text.
    assert "<" not in re.sub(r"</?(?:span|div|pre|table|tr|td)\b[^<>]*>", "", html)
    return markup
