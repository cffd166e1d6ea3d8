"""Somebody who watches one job, for whoever runs several clients at the same time."""

from peer.stage import Place, Stage


async def observe(place: Place, job_id: str) -> None:
    """Watches a job from its start. Prints `watching` when it does, and at the end the kinds of
    what it was told, and its status."""
    stage = Stage(place)
    client = await stage.client()
    watched = await client.subscribe(job_id, history=True)
    print("watching", flush=True)
    kinds = [event["kind"] async for event in watched.handle.events()]
    ended = await watched.handle.done
    stage.check()
    print(*kinds, ended.final_status, flush=True)
    await stage.leave()
