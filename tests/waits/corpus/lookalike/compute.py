import time

print("Thinking: ", end="", flush=True)
end = time.monotonic() + 1
total = 0
while time.monotonic() < end:
    total += 1
print("done")
