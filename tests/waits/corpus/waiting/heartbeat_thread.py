import threading
import time

stop = False


def heartbeat() -> None:
    while not stop:
        time.sleep(0.05)


beating = threading.Thread(target=heartbeat)
beating.start()
name = input("Name? ")
stop = True
beating.join()
print(f"done: {name}")
