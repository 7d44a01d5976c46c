with open("/dev/tty", "rb", buffering=0) as terminal:
    print("Name? ", end="", flush=True)
    name = terminal.readline().decode().strip()
print(f"done: {name}")
