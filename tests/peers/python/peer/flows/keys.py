"""The same job submitted again."""

from arcp import DuplicateKeyError, PermissionDeniedError

from peer.expect import equal, holds, refused, result, waits
from peer.flow import flow
from peer.stage import Stage


@flow("key-running", "a key again while its job runs, in the same session")
async def running(stage: Stage) -> None:
    client = await stage.client()
    key, gate = stage.named("key"), stage.named("gate")
    first = await client.submit(agent="conf.gate", input={"gate": gate}, idempotency_key=key)
    await waits(first)
    again = await client.submit(agent="conf.gate", input={"gate": gate}, idempotency_key=key)
    equal("the job", again.job_id, first.job_id)
    await stage.open_gate(client, gate)
    # The SDK has handed the job over to the second handle.
    equal("the result", await result(again), "released")


@flow("key-elsewhere", "a key again while its job runs, in another session")
async def elsewhere(stage: Stage) -> None:
    here, there = await stage.client(), await stage.client()
    key, gate = stage.named("key"), stage.named("gate")
    first = await here.submit(agent="conf.gate", input={"gate": gate}, idempotency_key=key)
    await waits(first)
    again = await there.submit(agent="conf.gate", input={"gate": gate}, idempotency_key=key)
    equal("the job", again.job_id, first.job_id)
    await stage.open_gate(here, gate)
    equal("the result here", await result(first), "released")
    equal("the result there", await result(again), "released")


@flow("key-ended", "a key again after the end of its job")
async def ended(stage: Stage) -> None:
    client = await stage.client()
    key, other_key = stage.named("key"), stage.named("key")
    first = await client.submit(agent="conf.echo", input={"a": 1, "b": 2}, idempotency_key=key)
    await result(first)
    again = await client.submit(agent="conf.echo", input={"b": 2, "a": 1}, idempotency_key=key)
    equal("the job", again.job_id, first.job_id)
    equal("the result", await result(again), {"a": 1, "b": 2})
    given = {"code": "PERMISSION_DENIED", "message": "no"}
    failed = await client.submit(agent="conf.fail", input=given, idempotency_key=other_key)
    await refused(PermissionDeniedError, failed.done)
    again = await client.submit(agent="conf.fail", input=given, idempotency_key=other_key)
    equal("the job that failed", again.job_id, failed.job_id)
    await refused(PermissionDeniedError, again.done)


@flow("key-conflict", "a key again for something else")
async def conflict(stage: Stage) -> None:
    client = await stage.client()
    key = stage.named("key")
    first = await client.submit(agent="conf.echo", input=1, idempotency_key=key)
    equal("the result", await result(first), 1)
    for given, limit in [(2, None), (1, 60)]:
        asked = client.submit(
            agent="conf.echo", input=given, max_runtime_sec=limit, idempotency_key=key
        )
        refusal = await refused(DuplicateKeyError, asked)
        holds("to try it again is no use", not refusal.retryable)
    again = await client.submit(agent="conf.echo", input=1, idempotency_key=key)
    equal("the job of the key", again.job_id, first.job_id)


@flow("key-foreign", "the same key of two principals is two keys")
async def foreign(stage: Stage) -> None:
    alice, bob = await stage.client(), await stage.client("bob")
    key = stage.named("key")
    hers = await alice.submit(agent="conf.echo", input="hers", idempotency_key=key)
    his = await bob.submit(agent="conf.echo", input="his", idempotency_key=key)
    equal("her result", await result(hers), "hers")
    equal("his result", await result(his), "his")
