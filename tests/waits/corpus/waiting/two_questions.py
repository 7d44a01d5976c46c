first = int(input("First number? "))
print("noted")
second = int(input("Second number? "))
print(f"done: {first * second}")
