"""Closing an AsyncClient ends what is under way on its connections: nobody waits on for what cannot come."""

from __future__ import annotations

import asyncio

import pytest

from bedrock_openai_http import APIConnectionError, AsyncClient, ChatCompletionRequest, UserMessage

REQUEST = ChatCompletionRequest("openai.gpt-oss-20b-1:0", [UserMessage("Hello!")])
EVENT = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


async def _one_chunk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(HEAD + b"%x\r\n%b\r\n" % (len(EVENT), EVENT))
    await reader.read()  # until the client goes
    writer.close()


def test_a_stream_ends_whose_client_is_closed_meanwhile() -> None:
    """A task that waits for a chunk gets an APIConnectionError when another closes the client, not at a timeout."""

    async def closed() -> APIConnectionError:
        server = await asyncio.start_server(_one_chunk, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        client = AsyncClient("us-west-2", base_url=url, api_key="k", timeout=60)
        stream = await client.stream(REQUEST)
        await stream.__anext__()
        waiting = asyncio.ensure_future(stream.__anext__())
        await asyncio.sleep(0.01)
        await client.aclose()
        with pytest.raises(APIConnectionError) as caught:
            await asyncio.wait_for(waiting, 5)
        server.close()
        return caught.value

    error = asyncio.run(closed())
    assert error.partial is not None
    assert error.partial.text == "x"
