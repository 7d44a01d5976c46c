import readline

readline.set_startup_hook(None)
name = input("Name? ")
print(f"done: {name}")
