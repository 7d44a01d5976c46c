import os
import threading

reading, writing = os.pipe()
threading.Timer(1, os.write, [writing, b"done\n"]).start()
print("> ", end="", flush=True)
os.write(1, os.read(reading, 10))
