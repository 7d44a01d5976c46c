import os

os.execv("/bin/sh", ["sh", "-c", "printf 'Name? '; sleep 1; echo done"])
