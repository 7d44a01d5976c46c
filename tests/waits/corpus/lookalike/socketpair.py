import socket
import threading

ours, theirs = socket.socketpair()
threading.Timer(1, theirs.send, [b"done"]).start()
print(ours.recv(10).decode())
