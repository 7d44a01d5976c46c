answer = input("¿Cómo te llamas? 名前は 👋 ")
print(f"done: {answer}")
