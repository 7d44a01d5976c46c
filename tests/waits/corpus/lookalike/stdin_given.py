import sys
import time

print("Name? ", end="", flush=True)
lines = sys.stdin.readlines()
time.sleep(1)
print(f"done: {len(lines)} lines")
