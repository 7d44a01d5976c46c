import selectors
import sys

with selectors.DefaultSelector() as selector:
    selector.register(sys.stdin, selectors.EVENT_READ)
    print("Name? ", end="", flush=True)
    selector.select()
name = sys.stdin.readline().strip()
print(f"done: {name}")
