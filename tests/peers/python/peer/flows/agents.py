"""Which agent runs."""

from arcp import AgentNotAvailableError, AgentVersionNotAvailableError, InvalidRequestError

from peer.expect import equal, holds, refused, result
from peer.flow import flow
from peer.stage import Stage


@flow("agent-unknown", "an agent that is not there, and the next job after it")
async def unknown(stage: Stage) -> None:
    client = await stage.client()
    refusal = await refused(AgentNotAvailableError, client.submit(agent="conf.nobody"))
    holds("to try it again is no use", not refusal.retryable)
    echo = await client.submit(agent="conf.echo", input=1)
    equal("the result of the next", await result(echo), 1)


@flow("agent-version", "an agent by its name, and by each of its versions")
async def version(stage: Stage) -> None:
    client = await stage.client()
    for asked, runs in [
        ("conf.version", "2.0.0"),
        ("conf.version@1.0.0", "1.0.0"),
        ("conf.version@2.0.0", "2.0.0"),
    ]:
        job = await client.submit(agent=asked)
        equal(f"what {asked} stands for", job.agent_ref, f"conf.version@{runs}")
        equal("what has run", await result(job), {"version": runs})


@flow("agent-version-miss", "a version that is not there")
async def version_miss(stage: Stage) -> None:
    client = await stage.client()
    asked = client.submit(agent="conf.version@3.0.0")
    refusal = await refused(AgentVersionNotAvailableError, asked)
    holds("to try it again is no use", not refusal.retryable)
    job = await client.submit(agent="conf.version@1.0.0")
    equal("what has run", await result(job), {"version": "1.0.0"})


@flow("submit-refused", "a lease that is none, and the next job after it")
async def not_understood(stage: Stage) -> None:
    client = await stage.client()
    for lease in [{"cost.budget": ["USD:much"]}, {"fs.everything": ["/**"]}]:
        await refused(
            InvalidRequestError, client.submit(agent="conf.echo", input=1, lease_request=lease)
        )
    echo = await client.submit(agent="conf.echo", input=1)
    equal("the result of the next", await result(echo), 1)
