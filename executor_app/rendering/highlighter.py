"""A program of its own, which `source.py` runs: lines of JSON in, highlighted HTML out.

Pygments works with regular expressions, and over text made for that some of them take minutes. What
is in the middle of one cannot be stopped, except with its process.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Final

from pygments import highlight  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]

CSS_CLASS: Final = "codr-source"
STYLE: Final = "github-dark"
# Should nobody be left to stop it.
CPU_S: Final = 10
MEMORY_BYTES: Final = 1024 * 1024 * 1024


def highlighted(text: str, lexer_name: str) -> str | None:
    """Pygments escapes each token's text and names classes after its own token types."""
    try:
        lexer = get_lexer_by_name(lexer_name, stripnl=False)
    except ClassNotFound:
        return None
    html: str = highlight(text, lexer, HtmlFormatter(linenos="table", cssclass=CSS_CLASS))
    return html


def style_sheet() -> str:
    """What `static/executor_app/highlight.css` holds."""
    rules: str = HtmlFormatter(style=STYLE).get_style_defs(f".{CSS_CLASS}")
    return rules + "\n"


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for line in sys.stdin:
        lexer_name, text = json.loads(line)
        sys.stdout.write(json.dumps(highlighted(text, lexer_name)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
