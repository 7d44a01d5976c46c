import threading
import time

sleeper = threading.Thread(target=time.sleep, args=(1,))
sleeper.start()
sleeper.join()
print("done")
