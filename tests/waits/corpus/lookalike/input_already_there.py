import time

time.sleep(1)
name = input("Name? ")
print(f"done: {name}")
