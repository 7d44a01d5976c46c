import os
import sys

child = os.fork()
if child == 0:
    name = input("Name? ")
    print(f"hello {name}", flush=True)
    os._exit(0)
os.waitpid(child, 0)
print("done", file=sys.stdout)
