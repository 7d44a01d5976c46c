"""Makes docs/images/ide.png, the picture of the README: `python docs/images/make_screenshot.py`.

Run it with the project's virtual environment from the checkout, after a change of the page. It
starts a Codr of its own and needs Chromium; the address of a running one can be given instead.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from tests.browser.chromium import started  # noqa: E402
from tests.browser.ide import Ide, Watch  # noqa: E402
from tests.stack import Stack  # noqa: E402

SIZE = (1200, 640)
PROGRAM = """\
# Think of a number: the computer finds it by halving.
low, high = 1, 100
print(f"Think of a number from {low} to {high}.")

tries = 0
while low < high:
    middle = (low + high) // 2
    tries += 1
    answer = input(f"Is it larger than {middle}? ")
    if answer.strip().lower().startswith("y"):
        low = middle + 1
    else:
        high = middle

print(f"Your number is {low}. It took me {tries} questions.")
"""
ANSWERS = [("50", "no"), ("25", "yes"), ("38", "no"), ("32", "yes")]


def take(url: str) -> None:
    with started() as browser:
        page = browser.new_page(
            viewport={"width": SIZE[0], "height": SIZE[1]}, color_scheme="light"
        )
        page.goto(url)
        ide = Ide(page, Watch(page, url))
        ide.start(PROGRAM)
        for middle, answer in ANSWERS:
            ide.is_asked(f"Is it larger than {middle}?")
            ide.answer(answer)
        ide.is_asked("Is it larger than 35?")
        page.mouse.move(0, 0)
        page.keyboard.type("yes")
        expect(ide.input_line).to_have_value("yes")
        ide.sees("Is it larger than 35? yes")
        ide.picture(HERE / "ide.png")


def main() -> None:
    if len(sys.argv) > 1:
        take(sys.argv[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder))
        stack.start()
        try:
            take(stack.url)
        finally:
            stack.stop()


if __name__ == "__main__":
    main()
