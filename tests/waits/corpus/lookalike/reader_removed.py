import asyncio


async def main() -> None:
    loop = asyncio.get_running_loop()
    loop.add_reader(0, print)
    loop.remove_reader(0)
    await asyncio.sleep(1)
    print("done")


asyncio.run(main())
