import asyncio
import sys


async def main() -> None:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()
    loop.add_reader(0, lambda: answer.set_result(sys.stdin.readline().strip()))
    print("Name? ", end="", flush=True)
    name = await answer
    loop.remove_reader(0)
    print(f"done: {name}")


asyncio.run(main())
