"""Jobs that are watched from another session.

The SDK hands the past of a job to its user only if that comes after its program has run on from
`job.subscribed`: where the program is late it loses what the runtime tells it. So the tape holds the
past back for some turns, and whoever wants it runs alone.
"""

from arcp import ARCPError, JobNotFoundError, PermissionDeniedError
from arcp.client import ARCPClient, JobHandle

from peer.expect import Event, Failed, equal, holds, result, waits
from peer.flow import flow
from peer.stage import Stage


async def talker(stage: Stage, client: ARCPClient, gate: str) -> JobHandle:
    """A job that says something, waits at the gate, and says more."""
    given = {"kind": "text", "chunks": ["before", "after"], "gate": gate, "end": "close"}
    return await client.submit(agent="conf.stream", input=given)


async def all_of(handle: JobHandle) -> list[Event]:
    """Every event up to the end."""
    return [event async for event in handle.events()]


@flow("watch-live", "a job is watched from now on, and what it says then comes")
async def live(stage: Stage) -> None:
    owner, watcher = await stage.client(), await stage.client()
    gate = stage.named("gate")
    job = await talker(stage, owner, gate)
    await waits(job)
    watched = await watcher.subscribe(job.job_id)
    equal("the job", watched.job_id, job.job_id)
    equal("the agent", watched.handle.agent_ref, "conf.stream@1.0.0")
    await stage.open_gate(watcher, gate)
    later = await all_of(job)
    holds("it says something after the gate", later != [])
    equal("what is said from now on", await all_of(watched.handle), later)
    equal("the result", await result(watched.handle), await result(job))


@flow("watch-history", "a job is watched with its past: no gap and no double", alone=True)
async def history(stage: Stage) -> None:
    owner, watcher, late = await stage.client(), await stage.client(), await stage.client()
    gate = stage.named("gate")
    job = await talker(stage, owner, gate)
    past = [event async for event in until_it_waits(job)]
    watched = await watcher.subscribe(job.job_id, history=True)
    holds("the past is told", watched.replayed != 0)
    await stage.open_gate(owner, gate)
    everything = past + await all_of(job)
    equal("what is said to whoever comes meanwhile", await all_of(watched.handle), everything)
    equal("the result", await result(watched.handle), await result(job))
    watched = await late.subscribe(job.job_id, history=True)
    equal("what is said to whoever comes late", await all_of(watched.handle), everything)
    equal("the result", await result(watched.handle), await result(job))


async def until_it_waits(handle: JobHandle):
    """The events up to the one that says that the job waits, with that one."""
    async for event in handle.events():
        yield event
        if event["kind"] == "log" and event["body"]["message"] == "waiting":
            return


@flow("watch-from", "a job is watched from one of its events on", alone=True)
async def some(stage: Stage) -> None:
    owner, watcher = await stage.client(), await stage.client()
    job = await owner.submit(agent="conf.log", input={"count": 9})
    everything = await all_of(job)
    watched = await watcher.subscribe(job.job_id, history=True, from_event_seq=4)
    rest = await all_of(watched.handle)
    equal("what is said after the fourth", rest, everything[4:])
    equal("the result", await result(watched.handle), {"count": 9})


@flow("watch-denied", "a job of somebody else can not be watched")
async def denied(stage: Stage) -> None:
    alice, bob = await stage.client(), await stage.client("bob")
    gate = stage.named("gate")
    job = await talker(stage, alice, gate)
    await waits(job)
    for job_id in [job.job_id, "job_00000000000000000000000000"]:
        try:
            await bob.subscribe(job_id, history=True)
        except (JobNotFoundError, PermissionDeniedError) as refusal:
            holds("to try it again is no use", not refusal.retryable)
        except ARCPError as other:
            raise Failed(f"{type(other).__name__} is no refusal to watch") from None
        else:
            raise Failed("he can watch it")
    await stage.open_gate(bob, gate)
    equal("her result", (await result(job))["written"], 2)
    his = [frame["type"] for frame in stage.tapes[bob].received("job.event")]
    holds("nothing of hers is told to him", all("job" in kind for kind in his))


@flow("watch-stopped", "nothing comes of a job after the end of watching")
async def stopped(stage: Stage) -> None:
    owner, watcher = await stage.client(), await stage.client()
    gate = stage.named("gate")
    job = await talker(stage, owner, gate)
    await waits(job)
    await watcher.subscribe(job.job_id)
    await watcher.unsubscribe(job.job_id)
    await watcher.list_jobs(limit=1)
    seen = watcher.latest_event_seq
    await stage.open_gate(owner, gate)
    await result(job)
    await watcher.list_jobs(limit=1)
    equal("the last event that has come", watcher.latest_event_seq, seen)
