"""Results that come in pieces."""

from typing import Any

from arcp.client import JobHandle

from peer.expect import equal, holds
from peer.flow import flow
from peer.stage import Stage


async def pieces(handle: JobHandle) -> list[dict[str, Any]]:
    """The chunks, which have to be in order, of one result, and at an end."""
    chunks = [chunk async for chunk in handle.chunks()]
    ended = await handle.done
    equal("the status", ended.final_status, "success")
    equal("the places", [chunk["chunk_seq"] for chunk in chunks], list(range(len(chunks))))
    more = [chunk["more"] for chunk in chunks]
    equal("whether more comes", more, [True] * (len(chunks) - 1) + [False])
    equal("whose they are", {chunk["result_id"] for chunk in chunks}, {ended.result_id})
    equal("what comes beside them", ended.result, None)
    return chunks


@flow("result-text", "a result of text in pieces")
async def text(stage: Stage) -> None:
    client = await stage.client()
    parts = ["hello ", "w\u00f6rld", ", ", "\u20ac"]
    given = {"chunks": parts, "encoding": "utf8", "summary": "four pieces"}
    job = await client.submit(agent="conf.chunks", input=given)
    chunks = await pieces(job)
    equal("how they are written", {chunk["encoding"] for chunk in chunks}, {"utf8"})
    whole = "".join(parts)
    equal("the whole", "".join(chunk["data"] for chunk in chunks), whole)
    ended = await job.done
    equal("its size", ended.result_size, len(whole.encode()))
    equal("the summary", ended.summary, "four pieces")


@flow("result-bytes", "a result of bytes in pieces, put together by the SDK")
async def binary(stage: Stage) -> None:
    client = await stage.client()
    parts = ["abc", "\u0000\u0001", "x" * 10000]
    job = await client.submit(agent="conf.chunks", input={"chunks": parts, "encoding": "base64"})
    whole = await job.collect_chunks()
    equal("the whole", whole, "".join(parts).encode())
    ended = await job.done
    equal("its size", ended.result_size, len(whole))
    holds("it has an id", bool(ended.result_id))


@flow("result-large", "a result that is larger than any frame may be")
async def large(stage: Stage) -> None:
    client = await stage.client()
    part = "y" * 200_000
    job = await client.submit(agent="conf.chunks", input={"chunks": [part] * 4, "encoding": "utf8"})
    equal("its size", len(await job.collect_chunks()), 4 * len(part))
    equal("the size that is told", (await job.done).result_size, 4 * len(part))
