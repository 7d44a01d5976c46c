import sys

print("Press a letter: ", end="", flush=True)
letter = sys.stdin.read(1)
print(f"done: {letter}")
