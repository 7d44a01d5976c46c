import sys
import time
import zlib

number = 0
word = int(sys.argv[1])


def tell(text: str) -> None:
    global number
    number += 1
    body = f"{number} {text}"
    sys.stdout.write(f"{body} {zlib.adler32(body.encode())}\n")
    sys.stdout.flush()


def turn() -> int:
    global word
    word = (word * 1103515245 + 12345) % 2147483648
    return word


for step in sys.argv[2:]:
    name, *values = step.split(":")
    if name == "say":
        count, pause_ms, width = map(int, values)
        for _ in range(count):
            tell(f"{turn()} " + "ü" * width)
            time.sleep(pause_ms / 1000)
    elif name == "work":
        for _ in range(int(values[0])):
            turn()
        tell(f"worked {word}")
    elif name == "ask":
        tell("heard " + input(f"{number + 1}? "))
    elif name == "read":
        tell("heard " + input())
    elif name == "rest":
        rest = sys.stdin.buffer.read()
        tell(f"rest {len(rest)} {zlib.adler32(rest)}")
