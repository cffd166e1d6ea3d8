"""Jobs of jobs."""

from arcp import LeaseSubsetViolationError

from peer.expect import equal, holds, refused, result, waits
from peer.flow import flow
from peer.flows.listing import entry_of
from peer.stage import Stage


@flow("delegate-by-client", "a client submits a job as the child of another")
async def by_client(stage: Stage) -> None:
    client = await stage.client()
    lease, gate = {"tool.call": ["search.*"], "agent.delegate": ["*"]}, stage.named("gate")
    parent = await client.submit(agent="conf.gate", input={"gate": gate}, lease_request=lease)
    await waits(parent)
    given = {"operations": [["tool.call", "search.web"], ["tool.call", "delete"]]}
    child = await client.submit(
        agent="conf.authorize",
        input=given,
        lease_request={"tool.call": ["search.web"]},
        parent_job_id=parent.job_id,
    )
    equal("the parent that is told", child.accepted.parent_job_id, parent.job_id)
    equal("what the child may do", await result(child), ["ok", "PERMISSION_DENIED"])
    entry = await entry_of(client, child.job_id)
    equal("the parent that is listed", entry.parent_job_id, parent.job_id)
    await stage.open_gate(client, gate)
    await result(parent)


@flow("delegate-too-much", "a client can not submit a child that may do more than its parent")
async def too_much(stage: Stage) -> None:
    client = await stage.client()
    lease, gate = {"tool.call": ["search.*"], "cost.budget": ["USD:1.00"]}, stage.named("gate")
    parent = await client.submit(agent="conf.gate", input={"gate": gate}, lease_request=lease)
    await waits(parent)
    other = await stage.client()
    for more in [{"tool.call": ["*"]}, {"fs.read": ["/**"]}, {"cost.budget": ["USD:1.01"]}]:
        asked = other.submit(
            agent="conf.echo", input=1, lease_request=more, parent_job_id=parent.job_id
        )
        refusal = await refused(LeaseSubsetViolationError, asked)
        holds("to try it again is no use", not refusal.retryable)
    await stage.open_gate(client, gate)
    equal("the result of the parent", await result(parent), "released")


@flow("delegate-cancelled", "a child ends with its parent")
async def cancelled(stage: Stage) -> None:
    client = await stage.client()
    given = {"gate": stage.named("gate")}
    parent = await client.submit(agent="conf.gate", input=given, lease_request={})
    await waits(parent)
    child = await client.submit(agent="conf.gate", input=given, parent_job_id=parent.job_id)
    await waits(child)
    await client.cancel_job(parent.job_id)
    equal("the status of the parent", (await parent.done).final_status, "cancelled")
    equal("the status of the child", (await child.done).final_status, "cancelled")
