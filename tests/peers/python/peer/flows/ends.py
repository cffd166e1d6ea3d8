"""Jobs that do not end well."""

from arcp import (
    ARCPError,
    BudgetExhaustedError,
    InternalError,
    InvalidRequestError,
    JobNotFoundError,
    LeaseExpiredError,
    PermissionDeniedError,
)

from peer.expect import equal, holds, refused, result, waits
from peer.flow import flow
from peer.stage import Stage

FAILURES: list[tuple[str, type[ARCPError], bool]] = [
    ("PERMISSION_DENIED", PermissionDeniedError, False),
    ("INVALID_ARGUMENT", InvalidRequestError, False),
    ("NOT_FOUND", JobNotFoundError, False),
    ("LEASE_EXPIRED", LeaseExpiredError, False),
    ("BUDGET_EXHAUSTED", BudgetExhaustedError, False),
    ("UNAVAILABLE", InternalError, True),
    ("INTERNAL", InternalError, True),
]
"""The runtime's names of codes, the SDK's classes, and whether to try it again is some use."""


@flow("fail-coded", "an agent fails with a code, a reason and details")
async def coded(stage: Stage) -> None:
    client = await stage.client()
    for code, kind, retryable in FAILURES:
        given = {"code": code, "message": "not now", "details": {"code": code}}
        job = await client.submit(agent="conf.fail", input=given)
        failure = await refused(kind, job.done)
        equal("the reason", failure.message, "not now")
        equal(f"whether {code} can be tried again", failure.retryable, retryable)
        equal("the details of the agent", failure.details.get("code"), code)


@flow("fail-uncoded", "an agent crashes")
async def uncoded(stage: Stage) -> None:
    client = await stage.client()
    job = await client.submit(agent="conf.panic")
    failure = await refused(InternalError, job.done)
    holds("it can be tried again", failure.retryable)
    holds("it says something", failure.message != "")
    echo = await client.submit(agent="conf.echo", input="still here")
    equal("the result of the next", await result(echo), "still here")


@flow("cancel", "a job is cancelled, and another one goes on")
async def cancel(stage: Stage) -> None:
    client = await stage.client()
    gate, other_gate = stage.named("gate"), stage.named("gate")
    job = await client.submit(agent="conf.gate", input={"gate": gate})
    other = await client.submit(agent="conf.gate", input={"gate": other_gate})
    await waits(job)
    await client.cancel_job(job.job_id, reason="no more")
    ended = await job.done
    equal("the status", ended.final_status, "cancelled")
    equal("the result", ended.result, None)
    await stage.open_gate(client, other_gate)
    equal("the result of the other", await result(other), "released")


@flow("cancel-late", "who cancels what has ended, or never was, hears nothing of it")
async def late(stage: Stage) -> None:
    client = await stage.client()
    gate = stage.named("gate")
    waiting = await client.submit(agent="conf.gate", input={"gate": gate})
    ended = await client.submit(agent="conf.echo", input=1)
    await result(ended)
    await client.cancel_job(ended.job_id)
    await client.cancel_job("job_00000000000000000000000000")
    # An error of the session would have ended this one's handle too.
    await stage.open_gate(client, gate)
    equal("the result of the one that waits", await result(waiting), "released")


@flow("cancel-foreign", "nobody cancels a job of somebody else")
async def foreign(stage: Stage) -> None:
    alice, bob = await stage.client(), await stage.client("bob")
    gate = stage.named("gate")
    job = await alice.submit(agent="conf.gate", input={"gate": gate})
    await waits(job)
    await bob.cancel_job(job.job_id)
    echo = await bob.submit(agent="conf.echo", input="after it")
    equal("the result of his own", await result(echo), "after it")
    await stage.open_gate(alice, gate)
    equal("the result of hers", await result(job), "released")


@flow("max-runtime", "a job that runs for longer than it may")
async def max_runtime(stage: Stage) -> None:
    client = await stage.client()
    given = {"gate": stage.named("gate")}
    job = await client.submit(agent="conf.gate", input=given, max_runtime_sec=1)
    ended = await job.done
    equal("the status", ended.final_status, "timed_out")
