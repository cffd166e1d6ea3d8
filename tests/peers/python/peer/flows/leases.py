"""What a job may do, for how long and for how much."""

from datetime import UTC, datetime, timedelta

from arcp import InvalidRequestError, LeaseConstraints, LeaseExpiredError

from peer.expect import equal, holds, refused, result, said
from peer.flow import flow
from peer.stage import Stage


def after(seconds: float) -> LeaseConstraints:
    """That a lease ends so many seconds from now."""
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    return LeaseConstraints(expires_at=at.isoformat(timespec="milliseconds").replace("+00:00", "Z"))


@flow("lease-denied", "an agent may do what its lease covers, and nothing else")
async def denied(stage: Stage) -> None:
    client = await stage.client()
    lease = {"tool.call": ["search.*"], "fs.read": ["/data/**"], "x-vendor.acme.db": ["orders"]}
    operations = [
        ("tool.call", "search.web", "ok"),
        ("tool.call", "delete.all", "PERMISSION_DENIED"),
        ("fs.read", "/data/a/b.txt", "ok"),
        ("fs.read", "/etc/passwd", "PERMISSION_DENIED"),
        ("fs.write", "/data/a/b.txt", "PERMISSION_DENIED"),
        ("net.fetch", "https://example.com/", "PERMISSION_DENIED"),
    ]
    given = {"operations": [[namespace, target] for namespace, target, _ in operations]}
    job = await client.submit(agent="conf.authorize", input=given, lease_request=lease)
    equal("the lease that is told", job.lease, lease)
    equal("what it may do", await result(job), [how for _, _, how in operations])


@flow("lease-none", "a job without a lease may do nothing that wants one")
async def none(stage: Stage) -> None:
    client = await stage.client()
    given = {"operations": [["tool.call", "search"], ["fs.read", "/data/a"]]}
    job = await client.submit(agent="conf.authorize", input=given)
    equal("the lease that is told", job.lease, {})
    equal("what it may do", await result(job), ["PERMISSION_DENIED", "PERMISSION_DENIED"])


@flow("lease-expiry", "a job ends with its lease")
async def expiry(stage: Stage) -> None:
    client = await stage.client()
    until = after(4)
    job = await client.submit(
        agent="conf.gate",
        input={"gate": stage.named("gate")},
        lease_request={"tool.call": ["*"]},
        lease_constraints=until,
    )
    told = job.lease_constraints
    equal("when it ends", told and when(told), when(until))
    failure = await refused(LeaseExpiredError, job.done)
    holds("to try it again is no use", not failure.retryable)


def when(constraints: LeaseConstraints) -> datetime | None:
    """When a lease ends, however that is written."""
    at = constraints.expires_at
    return None if at is None else datetime.fromisoformat(at)


@flow("lease-over", "a lease that has ended before it began is refused")
async def over(stage: Stage) -> None:
    client = await stage.client()
    asked = client.submit(agent="conf.echo", input=1, lease_constraints=after(-60))
    await refused(InvalidRequestError, asked)
    job = await client.submit(agent="conf.echo", input=2, lease_constraints=after(60))
    equal("the result of the next", await result(job), 2)


@flow("budget", "what a job spends is taken off its budget until nothing is left")
async def budget(stage: Stage) -> None:
    client = await stage.client()
    lease = {"tool.call": ["search.*"], "cost.budget": ["USD:1.00", "credits:10"]}
    charges = [["search", "0.6", "USD"], ["credit", "3", "credits"], ["search", "0.6", "USD"]]
    given = {"charges": charges, "then": ["tool.call", "search.web"]}
    job = await client.submit(agent="conf.charge", input=given, lease_request=lease)
    equal("the currencies", set(job.budget or {}), {"USD", "credits"})
    metrics = [event["body"] for event in await said(job) if event["kind"] == "metric"]
    left = [
        (metric["unit"], metric["value"])
        for metric in metrics
        if metric["name"] == "cost.budget.remaining"
    ]
    equal("what is left", left, [("USD", 0.4), ("credits", 7), ("USD", -0.2)])
    equal("how it went", (await result(job))["then"], "BUDGET_EXHAUSTED")


@flow("budget-left", "a job whose budget is not used up may go on")
async def within(stage: Stage) -> None:
    client = await stage.client()
    lease = {"tool.call": ["search.*"], "cost.budget": ["USD:0.30"]}
    given = {
        "charges": [["search", "0.1", "USD"], ["search", "0.1", "USD"]],
        "then": ["tool.call", "search.web"],
    }
    job = await client.submit(agent="conf.charge", input=given, lease_request=lease)
    equal("the budget that is told", job.budget, {"USD": "USD:0.30"})
    equal("how it went", await result(job), {"charges": ["ok", "ok"], "then": "ok"})
