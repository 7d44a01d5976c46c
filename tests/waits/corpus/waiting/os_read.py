import os

os.write(1, b"raw> ")
data = os.read(0, 1024)
os.write(1, b"done: " + data)
