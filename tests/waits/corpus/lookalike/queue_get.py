import queue
import threading

mail: queue.Queue[str] = queue.Queue()
threading.Timer(1, mail.put, ["done"]).start()
print(mail.get())
