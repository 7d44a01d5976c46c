"""A program's files, highlighted."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from executor_app.languages.model import Language
from executor_app.protocol import SourceFile

from .highlighter import CSS_CLASS
from .unseen import visible

logger = logging.getLogger(__name__)

# Past these bounds a file is shown without colours, and past the last one only its beginning.
HIGHLIGHT_CHARS: Final = 64 * 1024
LINE_CHARS: Final = 1000
TIME_S: Final = 2.0
SHOWN_CHARS: Final = 256 * 1024

_HIGHLIGHTER: Final = Path(__file__).with_name("highlighter.py")


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
    texts = [_text(file) for file in files]
    lexers = [_lexer(file.name, language, others) for file in files]
    coloured = _highlighted(
        {n: (lexer, texts[n]) for n, lexer in enumerate(lexers) if lexer and _is_small(texts[n])}
    )
    room = SHOWN_CHARS
    shown = []
    for n, (file, text) in enumerate(zip(files, texts, strict=True)):
        html, remark = coloured.get(n), ""
        if html is None:
            html = format_html(
                '<div class="{}"><pre>{}</pre></div>', CSS_CLASS, escape(text[:room])
            )
            if len(text) > room:
                remark = f"Only the first {room} of {len(text)} characters are shown."
        room = max(0, room - len(text))
        shown.append(ShownFile(f"file-{n + 1}", file.name, len(file.raw), html, remark))
    return shown


def _text(file: SourceFile) -> str:
    text = file.raw.decode("utf-8", "replace")
    return visible(text.replace("\r\n", "\n").replace("\r", "\n"))


def _lexer(name: str, own: Language | None, others: Mapping[str, Language]) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in others:
        return others[suffix].highlight
    return own.highlight if own is not None and suffix in ("", ".h", ".hpp") else ""


def _is_small(text: str) -> bool:
    return len(text) <= HIGHLIGHT_CHARS and max(map(len, text.split("\n"))) <= LINE_CHARS


def _highlighted(wanted: Mapping[int, tuple[str, str]]) -> dict[int, SafeString]:
    """As many as there is time for, by the keys that they were given under."""
    if not wanted:
        return {}
    lines = "".join(json.dumps(order) + "\n" for order in wanted.values())
    # -I: it sees neither the folder that it is in nor anything of the environment.
    command = [sys.executable, "-I", str(_HIGHLIGHTER)]
    try:
        out = subprocess.run(
            command, input=lines.encode(), stdout=subprocess.PIPE, env={}, timeout=TIME_S
        ).stdout
    except subprocess.TimeoutExpired as late:
        logger.warning("highlighting took too long and was stopped")
        out = late.stdout or b""
    done = [json.loads(line) for line in out.splitlines(keepends=True) if line.endswith(b"\n")]
    # Markup of our own program, which escaped the text.
    return {n: mark_safe(html) for n, html in zip(wanted, done, strict=False) if html is not None}
