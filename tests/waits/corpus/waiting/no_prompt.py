print("Type something.")
answer = input()
print(f"done: {answer}")
