import threading

lock = threading.Lock()
lock.acquire()
threading.Timer(1, lock.release).start()
print("Waiting for the lock: ", end="", flush=True)
lock.acquire()
print("done")
