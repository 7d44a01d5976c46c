import os
import sys
import termios
import tty

before = termios.tcgetattr(0)
tty.setraw(0)
sys.stdout.write("Press a key: ")
sys.stdout.flush()
key = os.read(0, 1).decode()
termios.tcsetattr(0, termios.TCSAFLUSH, before)
print(f"\ndone: {key}")
