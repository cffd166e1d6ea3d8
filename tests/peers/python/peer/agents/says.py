"""Agents that say things."""

from base64 import b64decode
from hashlib import sha256
from typing import Any

from arcp.runtime import JobContext


async def log(given: Any, job: JobContext) -> dict[str, int]:
    for line in range(1, given["count"] + 1):
        await job.log("info", f"line {line}")
    return {"count": given["count"]}


async def flood(given: Any, job: JobContext) -> dict[str, int]:
    for _ in range(given["count"]):
        await job.log("info", "x" * given["size"])
    return {"count": given["count"]}


async def trace(_given: Any, job: JobContext) -> dict[str, str | None]:
    return {"trace": job.trace_id}


async def events(_given: Any, job: JobContext) -> None:
    """One of each."""
    await job.log("info", "a log", {"n": 1})
    dimensions = {"kind": "input"}
    await job.metric(
        {"name": "tokens.used", "value": 3, "unit": "tokens", "dimensions": dimensions}
    )
    await job.progress(1, total=4, units="files", message="one")
    await job.thought("a thought")
    await job.tool_call({"tool": "t", "args": {"a": 1}, "call_id": "c1"})
    await job.tool_result({"call_id": "c1", "result": {"b": 2}})
    await job.status("phase-1", "m")
    await job.job.emit_event("x-vendor.arcp.event", {"name": "conf.custom", "data": {"x": 1}})


async def artifact(given: Any, job: JobContext) -> dict[str, object]:
    """Tells of an artifact. The SDK keeps none, so this one is where it is told."""
    data = b64decode(given["data"], validate=True)
    told = {"byte_size": len(data), "sha256": sha256(data).hexdigest()}
    body = {"uri": f"data:;base64,{given['data']}", "content_type": given["media_type"], **told}
    await job.job.emit_event("artifact_ref", body)
    return {"artifact_id": "none", "media_type": given["media_type"], "size": len(data)}


async def chunks(given: Any, job: JobContext) -> None:
    """Streams its result."""
    stream = job.stream_result()
    for chunk in given["chunks"]:
        await stream.write(chunk.encode() if given["encoding"] == "base64" else chunk)
    await stream.close(summary=given.get("summary"))
