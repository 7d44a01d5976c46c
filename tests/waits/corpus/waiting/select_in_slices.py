import select
import sys

print("Name? ", end="", flush=True)
while not select.select([sys.stdin], [], [], 0.05)[0]:
    pass
name = sys.stdin.readline().strip()
print(f"done: {name}")
