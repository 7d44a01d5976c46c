import select

select.select([], [], [], 1)
print("done")
