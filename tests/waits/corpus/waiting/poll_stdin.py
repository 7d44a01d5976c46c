import select
import sys

poller = select.poll()
poller.register(sys.stdin, select.POLLIN)
print("Name? ", end="", flush=True)
poller.poll()
name = sys.stdin.readline().strip()
print(f"done: {name}")
