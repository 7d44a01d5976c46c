import asyncio


async def main() -> None:
    child = await asyncio.create_subprocess_exec("sleep", "1")
    await child.wait()
    print("done")


asyncio.run(main())
