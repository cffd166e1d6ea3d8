"""Listings of jobs. Other flows have jobs of the same principal meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any

from arcp import ListJobsFilter
from arcp.client import ARCPClient, JobHandle

from peer.expect import Failed, equal, holds, result, waits
from peer.flow import flow
from peer.stage import Stage


async def listed(client: ARCPClient, limit: int = 100, **wanted: object) -> list[Any]:
    """All the jobs that a filter lets through, page by page."""
    by = ListJobsFilter.model_validate(wanted)
    found: list[Any] = []
    cursor: str | None = None
    while True:
        page = await client.list_jobs(filter=by, limit=limit, cursor=cursor)
        holds("a page is no longer than was asked for", len(page.jobs) <= limit)
        found.extend(page.jobs)
        cursor = page.next_cursor
        if cursor is None:
            return found


async def entry_of(client: ARCPClient, job_id: str) -> Any:
    """What a listing says of a job."""
    for entry in await listed(client):
        if entry.job_id == job_id:
            return entry
    raise Failed(f"{job_id} is not listed")


def ids(entries: list[Any]) -> list[str]:
    """The jobs of a listing."""
    return [entry.job_id for entry in entries]


async def two_jobs(stage: Stage, client: ARCPClient) -> tuple[JobHandle, JobHandle]:
    """A job that waits, and one that has ended."""
    waiting = await client.submit(agent="conf.gate", input={"gate": stage.named("gate")})
    await waits(waiting)
    ended = await client.submit(agent="conf.version@1.0.0")
    await result(ended)
    return waiting, ended


@flow("list-entries", "what a listing says of a job")
async def entries(stage: Stage) -> None:
    client = await stage.client()
    since = datetime.now(UTC) - timedelta(seconds=1)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    job = await client.submit(agent="conf.version", trace_id=trace)
    await result(job)
    entry = await entry_of(client, job.job_id)
    equal("the agent", entry.agent, "conf.version@2.0.0")
    equal("the status", entry.status, "success")
    equal("the trace", entry.trace_id, trace)
    equal("the parent", entry.parent_job_id, None)
    holds("it was submitted just now", datetime.fromisoformat(entry.submitted_at) > since)


@flow("list-filter", "jobs by status, by agent and by when they came")
async def filters(stage: Stage) -> None:
    client = await stage.client()
    waiting, ended = await two_jobs(stage, client)
    both = {waiting.job_id, ended.job_id}
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    for shown, wanted in [
        (both, {}),
        ({waiting.job_id}, {"status": ["running"]}),
        ({ended.job_id}, {"status": ["success", "error"]}),
        ({waiting.job_id}, {"agent": "conf.gate@1.0.0"}),
        ({ended.job_id}, {"agent": "conf.version@1.0.0"}),
        ({ended.job_id}, {"agent": "conf.version", "status": ["success"]}),
        (set[str](), {"agent": "conf.version@2.0.0"}),
        (set[str](), {"created_after": later}),
    ]:
        found = set(ids(await listed(client, **wanted)))
        equal(f"what of the two is shown by {wanted}", found & both, shown)


@flow("list-pages", "a listing page by page, with every job once")
async def pages(stage: Stage) -> None:
    client = await stage.client()
    mine = {(await client.submit(agent="conf.version@1.0.0")).job_id for _ in range(5)}
    found = ids(await listed(client, limit=2, agent="conf.version@1.0.0"))
    equal("how often each is listed", sorted(id for id in found if id in mine), sorted(mine))


@flow("list-own", "a listing shows nobody the jobs of somebody else")
async def own(stage: Stage) -> None:
    alice, bob = await stage.client(), await stage.client("bob")
    waiting, ended = await two_jobs(stage, alice)
    found = set(ids(await listed(bob)))
    holds("nothing of hers is shown to him", not found & {waiting.job_id, ended.job_id})
