import time

time.sleep(0.3)
first = input()
second = input("And then? ")
print(f"done: {first} {second}")
