import asyncio


async def main() -> None:
    print("Name? ", end="", flush=True)
    await asyncio.sleep(1)
    print("done")


asyncio.run(main())
