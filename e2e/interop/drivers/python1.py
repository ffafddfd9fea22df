"""The Python SDK 1 (PyPI mcp 1). Its httpx provider logs in and steps up by itself."""

import asyncio
import os

import httpx
from mcp import ClientSession
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client

from person import Person, Steps, metadata, printed, story


async def session(person: Person, steps: Steps) -> None:
    """One connection, for as long as it lasts."""

    async def arrived() -> tuple[str, str | None]:
        query = person.take()
        return query["code"][0], query["state"][0]

    url = os.environ["INTEROP_URL"]
    provider = OAuthClientProvider(url, metadata("Python SDK 1"), person.storage, person.open, arrived)
    async with httpx.AsyncClient(auth=provider, timeout=30) as http:
        async with streamable_http_client(url, http_client=http) as (read, write, _):
            async with ClientSession(read, write) as client:
                await client.initialize()

                async def names() -> list[str]:
                    return [tool.name for tool in (await client.list_tools()).tools]

                async def call(name: str, arguments: dict) -> tuple[bool, str]:
                    result = await client.call_tool(name, arguments)
                    return not result.isError, "\n".join(block.text for block in result.content)

                await story(steps, names, call)


async def main() -> None:
    person, steps = Person(), Steps()
    while steps.left:
        try:
            await session(person, steps)
        except ExceptionGroup as group:
            # An HTTP error of one call ends the transport, and the connection with it. The program has to connect again.
            steps.failed(printed(group))


asyncio.run(main())
