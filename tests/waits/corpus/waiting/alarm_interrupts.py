import signal

signal.signal(signal.SIGALRM, lambda number, frame: None)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
name = input("Name? ")
signal.setitimer(signal.ITIMER_REAL, 0)
print(f"done: {name}")
