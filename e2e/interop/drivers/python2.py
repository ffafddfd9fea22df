"""The Python SDK 2 (PyPI mcp 2). Its httpx2 provider logs in and steps up by itself."""

import asyncio
import os

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client

from person import Person, Steps, metadata, story


async def main() -> None:
    person = Person()

    async def arrived() -> AuthorizationCodeResult:
        query = person.take()
        return AuthorizationCodeResult(code=query["code"][0], state=query["state"][0], iss=query["iss"][0])

    url = os.environ["INTEROP_URL"]
    provider = OAuthClientProvider(url, metadata("Python SDK 2"), person.storage, person.open, arrived)
    async with httpx2.AsyncClient(auth=provider, timeout=30) as http:
        transport = streamable_http_client(url, http_client=http)
        async with Client(transport, mode=os.environ["INTEROP_MODE"]) as client:

            async def names() -> list[str]:
                return [tool.name for tool in (await client.list_tools()).tools]

            async def call(name: str, arguments: dict) -> tuple[bool, str]:
                result = await client.call_tool(name, arguments)
                return not result.is_error, "\n".join(block.text for block in result.content)

            await story(Steps(), names, call)


asyncio.run(main())
