import os
import threading

reading, writing = os.pipe()
os.dup2(reading, 0)
threading.Timer(1, os.write, [writing, b"done\n"]).start()
print(input("Name? "))
