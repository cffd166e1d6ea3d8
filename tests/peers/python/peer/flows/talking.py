"""What is said between the two of them about the session itself: pings and acknowledgements."""

from arcp import HeartbeatLostError
from arcp.client import AutoAckOptions

from peer.expect import equal, refused, result, until, waits
from peer.flow import flow
from peer.stage import Stage

BEATS = 3
"""How many intervals a client is silent for that is asked in each: no session of the profile lasts
for four."""

LINES = 50
"""How many events there are for a window of four."""


@flow(
    "pings", "a client that says nothing for several intervals is asked, and stays", profile="timed"
)
async def pings(stage: Stage) -> None:
    client = await stage.client()
    equal("the interval", client.welcome and client.welcome.heartbeat_interval_sec, 1)
    tape = stage.tapes[client]
    await until(lambda: len(tape.received("session.ping")) >= BEATS)
    echo = await client.submit(agent="conf.echo", input="here")
    equal("the result", await result(echo), "here")


@flow(
    "pings-unanswered", "a client that answers no ping is given up, its job is not", profile="timed"
)
async def unanswered(stage: Stage) -> None:
    client = await stage.client()
    key, gate = stage.named("key"), stage.named("gate")
    job = await client.submit(agent="conf.gate", input={"gate": gate}, idempotency_key=key)
    await waits(job)
    stage.tapes[client].muted = True
    await refused(HeartbeatLostError, job.done)
    other = await stage.client()
    again = await other.submit(agent="conf.gate", input={"gate": gate}, idempotency_key=key)
    equal("the job", again.job_id, job.job_id)
    await stage.open_gate(other, gate)
    equal("the result", await result(again), "released")


@flow("ack", "acknowledgements, also one of what was not sent yet, disturb nothing")
async def ack(stage: Stage) -> None:
    client = await stage.client()
    gate = stage.named("gate")
    job = await client.submit(agent="conf.gate", input={"gate": gate})
    await waits(job)
    await client.ack(client.latest_event_seq)
    await client.ack(client.latest_event_seq + 1000)
    await stage.open_gate(client, gate)
    equal("the result", await result(job), "released")


@flow(
    "ack-window", "the SDK's own acknowledgements open a window again and again", profile="window"
)
async def window(stage: Stage) -> None:
    client = await stage.client(auto_ack=AutoAckOptions(every_n=1, interval_sec=0.02))
    job = await client.submit(agent="conf.log", input={"count": LINES})
    lines = [event["body"]["message"] async for event in job.events() if event["kind"] == "log"]
    equal("what is said", lines, [f"line {number}" for number in range(1, LINES + 1)])
    equal("the result", await result(job), {"count": LINES})
