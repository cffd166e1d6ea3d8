"""The agent with a stream beside its events, which the draft has not: a vendor's event for each of
its chunks."""

from typing import Any

from arcp.runtime import JobContext

from peer.agents.gates import Gates

KIND = "x-vendor.arcp.stream"


class Streamer:
    """The agent, with the gates at which it waits."""

    def __init__(self, gates: Gates) -> None:
        self.gates = gates

    async def stream(self, given: Any, job: JobContext) -> dict[str, object]:
        await job.job.emit_event(KIND, {"change": "open", "kind": given["kind"]})
        chunks = given["chunks"]
        for place, chunk in enumerate(chunks):
            if "gate" in given and place == len(chunks) - 1:
                await job.log("info", "waiting")
                await self.gates.passed(given["gate"])
            await job.job.emit_event(KIND, {"change": "chunk", "sequence": place, "data": chunk})
        if given["end"] != "leave":
            await job.job.emit_event(KIND, {"change": given["end"]})
        return {"written": len(chunks), "stopped": None}
