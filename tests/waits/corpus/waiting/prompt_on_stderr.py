import sys

print("Welcome")
print("Name? ", end="", file=sys.stderr, flush=True)
name = sys.stdin.readline().strip()
print(f"done: {name}")
