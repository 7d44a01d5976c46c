total = 6 * 7
breakpoint()
print(f"done: {total}")
