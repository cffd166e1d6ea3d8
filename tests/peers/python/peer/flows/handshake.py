"""Hello and welcome."""

from typing import Any

from arcp import V1_1_FEATURES, InvalidRequestError, UnauthenticatedError

from peer.expect import equal, holds, refused, result
from peer.flow import flow
from peer.stage import Stage


@flow("handshake-good", "a good token, and what a welcome says")
async def good(stage: Stage) -> None:
    client = await stage.client()
    welcome = client.welcome
    if welcome is None:
        return holds("the SDK keeps the welcome", False)
    equal("the session", client.session_id, welcome.session_id)
    equal("what was agreed on", client.negotiated_features, V1_1_FEATURES)
    holds("the runtime has a name", welcome.runtime.name != "")
    holds("the session can be gone on with", welcome.resume_token != "")
    holds("it waits for that", welcome.resume_window_sec > 0)
    agents: Any = welcome.capabilities.agents
    version = {agent.name: agent for agent in agents}["conf.version"]
    equal("the versions of an agent", set(version.versions), {"1.0.0", "2.0.0"})
    equal("the version of whoever names none", version.default, "2.0.0")
    echo = await client.submit(agent="conf.echo", input={"a": 1})
    equal("the result", await result(echo), {"a": 1})


@flow("handshake-bad", "a token that nobody has, and a good one after it")
async def bad(stage: Stage) -> None:
    client = stage.new("nobody")
    refusal = await refused(UnauthenticatedError, client.connect(await stage.dial(client)))
    holds("to try it again is no use", not refusal.retryable)
    holds("it says why", refusal.message != "")
    await stage.client()


@flow("handshake-features", "a client that can do less than the runtime")
async def features(stage: Stage) -> None:
    client = await stage.client(features=("heartbeat", "list_jobs"))
    equal("what was agreed on", client.negotiated_features, ("heartbeat", "list_jobs"))
    await refused(InvalidRequestError, client.subscribe("job_00000000000000000000000000"))
    await client.list_jobs(limit=1)
