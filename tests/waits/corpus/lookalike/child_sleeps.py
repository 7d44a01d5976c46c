import subprocess

print("Working... ", end="", flush=True)
subprocess.run(["sh", "-c", "sleep 1"], check=True)
print("done")
