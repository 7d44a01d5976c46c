answer = input("1) start\n2) stop\nYour choice: ")
print(f"done: {answer}")
