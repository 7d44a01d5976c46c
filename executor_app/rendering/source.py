"""A program's files, highlighted."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]

from executor_app.languages.model import Language
from executor_app.protocol import SourceFile

# Pygments works with regular expressions, some of which take long over text made for that; past
# these bounds a file is shown without colours, and past the last one only its beginning.
HIGHLIGHT_CHARS: Final = 64 * 1024
LINE_CHARS: Final = 1000
TIME_S: Final = 1.0
SHOWN_CHARS: Final = 256 * 1024

STYLE: Final = "github-dark"
CSS_CLASS: Final = "codr-source"


@dataclass(frozen=True, slots=True)
class ShownFile:
    """`anchor` is ours: a name never becomes an id."""

    anchor: str
    name: str
    size: int
    html: SafeString
    remark: str = ""


def render(
    files: Sequence[SourceFile], language: Language | None, others: Mapping[str, Language]
) -> list[ShownFile]:
    """Every file as HTML with the classes of `highlight.css`. `others`: languages by extension."""
    deadline = time.monotonic() + TIME_S
    room = SHOWN_CHARS
    shown = []
    for n, file in enumerate(files, 1):
        content = file.raw
        text = content.decode("utf-8", "replace").replace("\r\n", "\n")
        chosen = _language(file.name, language, others)
        html = _highlighted(text, chosen.highlight if chosen else "", deadline)
        remark = ""
        if html is None:
            html = _plain(text[:room])
            if len(text) > room:
                remark = f"Only the first {room} of {len(text)} characters are shown."
        room = max(0, room - len(text))
        shown.append(ShownFile(f"file-{n}", file.name, len(content), html, remark))
    return shown


def style_sheet() -> str:
    """What `static/executor_app/highlight.css` holds."""
    rules: str = HtmlFormatter(style=STYLE).get_style_defs(f".{CSS_CLASS}")
    return rules + "\n"


def _language(name: str, own: Language | None, others: Mapping[str, Language]) -> Language | None:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in others:
        return others[suffix]
    return own if suffix in ("", ".h", ".hpp") else None


def _highlighted(text: str, lexer_name: str, deadline: float) -> SafeString | None:
    if len(text) > HIGHLIGHT_CHARS or any(len(line) > LINE_CHARS for line in text.split("\n")):
        return None
    try:
        lexer = get_lexer_by_name(lexer_name, stripnl=False)
    except ClassNotFound:
        return None
    tokens = []
    for token in lexer.get_tokens(text):
        if time.monotonic() > deadline:
            return None
        tokens.append(token)
    formatter = HtmlFormatter(linenos="table", cssclass=CSS_CLASS)
    out = io.StringIO()
    formatter.format(tokens, out)
    # Pygments escapes each token's text and names classes after its own token types.
    return mark_safe(out.getvalue())


def _plain(text: str) -> SafeString:
    return format_html('<div class="{}"><pre>{}</pre></div>', CSS_CLASS, escape(text))
