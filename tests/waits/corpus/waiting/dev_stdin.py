with open("/dev/stdin", encoding="utf-8") as source:
    print("Name? ", end="", flush=True)
    name = source.readline().strip()
print(f"done: {name}")
