import asyncio


async def main() -> None:
    name = await asyncio.to_thread(input, "Name? ")
    print(f"done: {name}")


asyncio.run(main())
