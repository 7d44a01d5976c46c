import sys

print("\x1b]0;Questions\x07\x1b[1;32mName?\x1b[0m \x1b[K", end="", flush=True)
name = sys.stdin.readline().strip()
print(f"done: {name}")
