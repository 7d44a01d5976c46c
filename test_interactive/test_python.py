"""A conversation in Python: a text, a whole number, and a calculation with two numbers."""

name = input("What is your name? ")
print(f"Hello, {name}!")

age = int(input("How old are you? "))
print(f"Next year you will be {age + 1}.")

first = float(input("First number? "))
second = float(input("Second number? "))
print(f"Sum: {first + second:.2f}")
print(f"Product: {first * second:.2f}")
print(f"Goodbye, {name}!")
