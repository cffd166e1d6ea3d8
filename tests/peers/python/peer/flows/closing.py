"""The end of a session."""

from arcp import TransportClosed

from peer.expect import Failed, equal, result, waits
from peer.flow import flow
from peer.flows.listing import entry_of
from peer.stage import Stage


@flow("close", "a session is closed while its job runs, which goes on")
async def close(stage: Stage) -> None:
    client = await stage.client()
    gate = stage.named("gate")
    job = await client.submit(agent="conf.gate", input={"gate": gate})
    await waits(job)
    await client.close(reason="enough")
    try:
        raise Failed(f"{await job.done} came over a closed session")
    except TransportClosed:
        pass
    other = await stage.client()
    entry = await entry_of(other, job.job_id)
    equal("the status", entry.status, "running")
    watched = await other.subscribe(job.job_id)
    await stage.open_gate(other, gate)
    equal("the result", await result(watched.handle), "released")
