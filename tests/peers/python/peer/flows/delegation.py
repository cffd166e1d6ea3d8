"""Jobs of jobs."""

from arcp import LeaseSubsetViolationError

from peer.expect import equal, holds, refused, result, said, says, waits
from peer.flow import flow
from peer.flows.listing import entry_of
from peer.stage import Stage


@flow("delegate-by-agent", "an agent has another job do a part of its own", alone=True)
async def by_agent(stage: Stage) -> None:
    client = await stage.client()
    stage.needs(client, "conf.delegate")
    part = {"agent": "conf.log", "input": {"count": 2}, "lease": {"tool.call": ["search.web"]}}
    lease = {"agent.delegate": ["conf.*"], "tool.call": ["search.*"]}
    given = {"steps": [{"delegate": part}]}
    job = await client.submit(agent="conf.delegate", input=given, lease_request=lease)
    (told,) = [event for event in await said(job) if event["kind"] == "delegate"]
    child = told["body"]["child_job_id"]
    says(told, "delegate", agent="conf.log@1.0.0", input={"count": 2})
    equal("its result", await result(job), [{"child": child, "end": "ok", "value": {"count": 2}}])
    entry = await entry_of(client, child)
    equal("the parent that is listed", entry.parent_job_id, job.job_id)
    # The SDK has no handle for a job that it has not submitted, but can watch it.
    watched = await client.subscribe(child, history=True)
    lines = [event["body"]["message"] for event in await said(watched.handle)]
    equal("what the child says", lines, ["line 1", "line 2"])
    equal("its own result", await result(watched.handle), {"count": 2})


@flow("delegate-refused", "an agent that hands on more than it has is told so, and goes on")
async def by_agent_refused(stage: Stage) -> None:
    client = await stage.client()
    stage.needs(client, "conf.delegate")
    lease = {"agent.delegate": ["conf.*"], "cost.budget": ["USD:1.00"]}
    steps = [
        {"delegate": {"agent": "conf.echo", "input": 1, "lease": {"fs.read": ["/**"]}, "id": "a"}},
        {"charge": ["search", "0.75", "USD"]},
        {
            "delegate": {
                "agent": "conf.echo",
                "input": 2,
                "lease": {"cost.budget": ["USD:0.50"]},
                "id": "b",
            }
        },
    ]
    job = await client.submit(agent="conf.delegate", input={"steps": steps}, lease_request=lease)
    refusals = [event["body"] for event in await said(job) if event["kind"] == "tool_result"]
    equal("what is refused", [refusal["call_id"] for refusal in refusals], ["a", "b"])
    codes = [refusal["error"]["code"] for refusal in refusals]
    equal("why", codes, ["LEASE_SUBSET_VIOLATION"] * 2)
    equal("how it went", await result(job), [codes[0], "ok", codes[1]])


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
    stage.needs(client, "conf.delegate")
    gate = stage.named("gate")
    lease = {
        "agent.delegate": ["*"],
        "tool.call": ["search.*"],
        "cost.budget": ["USD:1.00"],
    }
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
    stage.needs(client, "conf.delegate")
    given, lease = {"gate": stage.named("gate")}, {"agent.delegate": ["conf.*"]}
    parent = await client.submit(agent="conf.gate", input=given, lease_request=lease)
    await waits(parent)
    child = await client.submit(agent="conf.gate", input=given, parent_job_id=parent.job_id)
    await waits(child)
    await client.cancel_job(parent.job_id)
    equal("the status of the parent", (await parent.done).final_status, "cancelled")
    equal("the status of the child", (await child.done).final_status, "cancelled")
