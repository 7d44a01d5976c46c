import select
import sys

print("Name? ", end="", flush=True)
select.select([sys.stdin], [], [])
name = sys.stdin.readline().strip()
print(f"done: {name}")
