"""Jobs, and what they say."""

from base64 import b64encode
from hashlib import sha256

from peer.expect import equal, holds, result, said, says
from peer.flow import flow
from peer.stage import Stage

TRACE = "0af7651916cd43dd8448eb211c80319c"


@flow("submit-events", "every kind of event that an agent says")
async def events(stage: Stage) -> None:
    client = await stage.client()
    job = await client.submit(agent="conf.events")
    log, metric, progress, thought, call, answer, status, custom = await said(job)
    says(log, "log", level="info", message="a log", attributes={"n": 1})
    says(metric, "metric", name="tokens.used", value=3, unit="tokens")
    says(metric, "metric", dimensions={"kind": "input"})
    says(progress, "progress", current=1, total=4, units="files", message="one")
    says(thought, "thought", text="a thought")
    says(call, "tool_call", tool="t", args={"a": 1}, call_id="c1")
    says(answer, "tool_result", call_id="c1", result={"b": 2})
    says(status, "status", phase="phase-1", message="m")
    says(custom, "x-vendor.arcp.event", name="conf.custom", data={"x": 1})
    holds("all have a time", all(event["ts"] for event in (log, metric, custom)))
    equal("the result", await result(job), None)


@flow("submit-artifact", "an artifact that an agent tells of")
async def artifact(stage: Stage) -> None:
    client = await stage.client()
    data = b"a b c"
    given = {"media_type": "text/plain", "data": b64encode(data).decode()}
    job = await client.submit(agent="conf.artifact", input=given)
    (artifact,) = await said(job)
    says(artifact, "artifact_ref", content_type="text/plain", byte_size=len(data))
    says(artifact, "artifact_ref", sha256=sha256(data).hexdigest())
    holds("it has a place", artifact["body"]["uri"] != "")
    await result(job)


@flow("submit-inline", "results are what the agent was given")
async def inline(stage: Stage) -> None:
    client = await stage.client()
    for value in [
        {"a": [1, 2.5, None, True], "b": {"c": "d"}},
        "w\u00f6rld \u20ac \U0001f600",
        [],
        {},
        0,
        False,
        "",
        9007199254740993,
        None,
    ]:
        job = await client.submit(agent="conf.echo", input=value)
        equal("the agent", job.agent_ref, "conf.echo@1.0.0")
        equal("the result", await result(job), value)


@flow("submit-trace", "a trace that comes with a job goes to its agent")
async def trace(stage: Stage) -> None:
    client = await stage.client()
    job = await client.submit(agent="conf.trace", trace_id=TRACE)
    equal("the trace that is told", job.trace_id, TRACE)
    equal("the trace of the agent", await result(job), {"trace": TRACE})


@flow("submit-many", "fifty jobs at the same time, each with its own result")
async def many(stage: Stage) -> None:
    client = await stage.client()
    jobs = [await client.submit(agent="conf.echo", input=number) for number in range(50)]
    equal("the results", [await result(job) for job in jobs], list(range(50)))
