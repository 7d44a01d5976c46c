import threading

answers: list[str] = []
reader = threading.Thread(target=lambda: answers.append(input("Name? ")))
reader.start()
reader.join()
print(f"done: {answers[0]}")
