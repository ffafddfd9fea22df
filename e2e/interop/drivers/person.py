"""What the Python drivers have in common: the steps, a place for the code to arrive, and somebody at a browser."""

import asyncio
import json
import os
import threading
import urllib.parse
import urllib.request
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from mcp.shared.auth import OAuthClientMetadata

arrivals: list[dict[str, list[str]]] = []


class Callback(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        arrivals.append(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"You can close this window.")

    def log_message(self, *_: Any) -> None:
        """Nothing: the request line holds the code."""


_server = HTTPServer(("127.0.0.1", 0), Callback)
threading.Thread(target=_server.serve_forever, daemon=True).start()
REDIRECT_URI = f"http://127.0.0.1:{_server.server_port}/callback"


class Storage:
    tokens: Any = None
    client: Any = None

    async def get_tokens(self) -> Any:
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        self.client = client_info


class Person:
    def __init__(self) -> None:
        self.storage = Storage()

    async def open(self, address: str) -> None:
        """Somebody opens an address. It returns once the browser has been sent back to where the client listens."""
        request = urllib.request.Request(os.environ["INTEROP_PERSON"], data=address.encode(), method="POST")
        await asyncio.to_thread(lambda: urllib.request.urlopen(request).close())

    def take(self) -> dict[str, list[str]]:
        return arrivals.pop(0)


def metadata(name: str) -> OAuthClientMetadata:
    return OAuthClientMetadata.model_validate(
        {
            "client_name": name,
            "redirect_uris": [REDIRECT_URI],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        }
    )


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def printed(error: BaseException) -> str:
    """What a program that prints an error shows, and for a group of errors those in it."""
    lines = [f"{type(error).__name__}: {error}"]
    if isinstance(error, BaseExceptionGroup):
        lines += [printed(inner) for inner in error.exceptions]
    return "\n".join(lines)


class Steps:
    """The story every driver tells, and how far it got."""

    def __init__(self) -> None:
        self.left: list[tuple[str, str, dict[str, Any]]] = [
            ("list", "", {}),
            ("search", "notes_search", {"query": ""}),
            ("create", "notes_create", {"text": "written by a client"}),
            ("delete", "notes_delete", {"id": "1"}),
            ("search again", "notes_search", {"query": ""}),
        ]

    def failed(self, seen: str) -> None:
        """The step under way did not work, and is not tried again."""
        say(step=self.left.pop(0)[0], ok=False, seen=seen)


async def story(
    steps: Steps,
    names: Callable[[], Awaitable[list[str]]],
    call: Callable[[str, dict[str, Any]], Awaitable[tuple[bool, str]]],
) -> None:
    """Goes on with what is left. `call` says whether a tool worked and what it answered."""
    while steps.left:
        step, name, arguments = steps.left[0]
        try:
            if step == "list":
                say(step=step, tools=await names())
            else:
                ok, text = await call(name, arguments)
                say(step=step, ok=ok, seen=text)
            steps.left.pop(0)
        except Exception as error:
            steps.failed(printed(error))
