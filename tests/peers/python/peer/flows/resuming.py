"""Sessions that go on after their connection is gone."""

from arcp import PermissionDeniedError, ResumeWindowExpiredError

from peer.expect import equal, holds, refused, result, until, waits
from peer.flow import flow
from peer.stage import Stage


@flow("resume-running", "a session goes on while its job runs")
async def running(stage: Stage) -> None:
    client = await stage.client()
    key, gate = stage.named("key"), stage.named("gate")
    job = await client.submit(agent="conf.gate", input={"gate": gate}, idempotency_key=key)
    await waits(job)
    resume = await stage.cut(client)
    back = await stage.resumed(resume)
    equal("the session", back.session_id, resume.session_id)
    holds("it has a new token", stage.resume_of(back).resume_token != resume.resume_token)
    # The SDK has forgotten the job, and learns of it again by its key.
    again = await back.submit(agent="conf.gate", input={"gate": gate}, idempotency_key=key)
    equal("the job", again.job_id, job.job_id)
    await back.cancel_job(job.job_id)
    ended = await again.done
    equal("the status", ended.final_status, "cancelled")


@flow("resume-watched", "a session goes on, and what its running job says comes in it")
async def watched(stage: Stage) -> None:
    client = await stage.client()
    gate = stage.named("gate")
    job = await client.submit(agent="conf.gate", input={"gate": gate})
    await waits(job)
    resume = await stage.cut(client)
    back = await stage.resumed(resume)
    seen = resume.last_event_seq
    other = await stage.client()
    await stage.open_gate(other, gate)
    await until(lambda: back.latest_event_seq > seen)
    end = stage.tapes[back].received("job.result")
    equal("the job that has ended", [frame["job_id"] for frame in end], [job.job_id])
    equal("the number of its end", end[0]["event_seq"], seen + 1)


@flow("resume-ended", "a session goes on whose job has ended meanwhile")
async def ended(stage: Stage) -> None:
    client, other = await stage.client(), await stage.client()
    key, gate = stage.named("key"), stage.named("gate")
    job = await client.submit(agent="conf.gate", input={"gate": gate}, idempotency_key=key)
    await waits(job)
    resume = await stage.cut(client)
    observed = await other.subscribe(job.job_id)
    await stage.open_gate(other, gate)
    await result(observed.handle)
    back = await stage.resumed(resume)
    seen = resume.last_event_seq
    await until(lambda: back.latest_event_seq > seen)
    numbers = stage.tapes[back].numbers()
    equal("what was missed", numbers, [seen + 1])
    again = await back.submit(agent="conf.gate", input={"gate": gate}, idempotency_key=key)
    equal("the result", await result(again), "released")


@flow("resume-all", "a session is told again from its start")
async def everything(stage: Stage) -> None:
    client = await stage.client()
    job = await client.submit(agent="conf.log", input={"count": 20})
    await result(job)
    first = stage.tapes[client].numbers()
    resume = await stage.cut(client)
    back = await stage.resumed(resume.model_copy(update={"last_event_seq": 0}))
    await until(lambda: back.latest_event_seq == resume.last_event_seq)
    equal("the numbers of the second time", stage.tapes[back].numbers(), first)
    before = [frame["id"] for frame in stage.tapes[client].received("job.event")]
    after = [frame["id"] for frame in stage.tapes[back].received("job.event")]
    equal("the events of the second time", after, before)


@flow("resume-nothing", "a session goes on that has missed nothing, and its next job is as ever")
async def nothing(stage: Stage) -> None:
    client = await stage.client()
    await result(await client.submit(agent="conf.echo", input=1))
    resume = await stage.cut(client)
    back = await stage.resumed(resume)
    job = await back.submit(agent="conf.echo", input=2)
    equal("the result", await result(job), 2)
    equal("the first number", stage.tapes[back].numbers()[0], resume.last_event_seq + 1)


@flow("resume-lost", "a token is good until the next one is in use: a welcome may be lost")
async def lost(stage: Stage) -> None:
    client = await stage.client()
    first = await stage.cut(client)
    await stage.cut(await stage.resumed(first))
    back = await stage.resumed(first)
    equal("the session", back.session_id, first.session_id)


@flow("resume-stale", "a token that was used, one that is none, and one of somebody else")
async def stale(stage: Stage) -> None:
    client = await stage.client()
    first = await stage.cut(client)
    second = await stage.cut(await stage.resumed(first))
    third = await stage.cut(await stage.resumed(second))
    nobody = third.model_copy(update={"resume_token": "nobody"})
    elsewhere = third.model_copy(update={"session_id": "sess_00000000000000000000000000"})
    for resume in [first, nobody, elsewhere]:
        refusal = await refused(ResumeWindowExpiredError, stage.resumed(resume))
        holds("to try it again is no use", not refusal.retryable)
    await refused(PermissionDeniedError, stage.resumed(third, "bob"))
    # None of that has used the good one up.
    again = await stage.resumed(third)
    equal("the session", again.session_id, first.session_id)
