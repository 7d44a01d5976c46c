import sys

text = sys.stdin.read()
print(f"done: {len(text.split())} words")
