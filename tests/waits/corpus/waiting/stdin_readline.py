import sys

print("Name? ", end="", flush=True)
name = sys.stdin.readline().strip()
print(f"done: {name}")
