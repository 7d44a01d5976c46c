import getpass

secret = getpass.getpass("Password: ")
print(f"done: {len(secret)} letters")
