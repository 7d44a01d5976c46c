import subprocess
import time

with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as child:
    assert child.stdin is not None
    time.sleep(1)
    child.stdin.write(b"done\n")
