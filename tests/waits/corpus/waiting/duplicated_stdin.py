import os

copy = os.dup(0)
os.close(0)
print("Name? ", end="", flush=True)
with os.fdopen(copy, encoding="utf-8") as source:
    name = source.readline().strip()
print(f"done: {name}")
