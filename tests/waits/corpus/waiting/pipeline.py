import subprocess

subprocess.run("head -n 1 | tr a-z A-Z | sed 's/^/got /'", shell=True, check=True)
print("done")
