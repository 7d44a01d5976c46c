import time

print("Name? ", end="", flush=True)
time.sleep(1)
print("done")
