import signal

signal.signal(signal.SIGALRM, lambda number, frame: None)
signal.alarm(1)
signal.pause()
print("done")
