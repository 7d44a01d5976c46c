import select
import sys
import time

for _ in range(20):
    if select.select([sys.stdin], [], [], 0)[0]:
        sys.exit(1)
    time.sleep(0.05)
print("done")
