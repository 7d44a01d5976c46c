import sys

for line in sys.stdin:
    print(f"line {line.strip()}")
print("done")
