import subprocess

subprocess.run(["sh", "-c", "printf 'Name? '; read x; echo done: $x"], check=True)
