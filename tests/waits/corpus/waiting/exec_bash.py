import os

os.execv("/bin/bash", ["bash", "-c", "read -p 'Name? ' name; echo done: $name"])
