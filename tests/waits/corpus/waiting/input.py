name = input("Name? ")
print(f"done: {name}")
