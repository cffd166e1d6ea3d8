"""What flows expect, and how they wait for it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from arcp import ARCPError
from arcp.client import JobHandle

Event = dict[str, Any]
"""An event as the SDK hands it to its user: kind, body and ts."""

Refusal = TypeVar("Refusal", bound=ARCPError)


class Failed(Exception):
    """Something is not as it should be."""


class NotRun(Exception):
    """The runtime has not what a flow is about."""


def holds(what: str, truth: bool) -> None:
    """Fails unless it is true."""
    if not truth:
        raise Failed(f"it does not hold that {what}")


def equal(what: str, got: object, wanted: object) -> None:
    """Fails unless both are the same."""
    if got != wanted:
        raise Failed(f"{what} is {got!r}, and should be {wanted!r}")


def says(event: Event, kind: str, **body: object) -> None:
    """Fails unless an event is of the kind and has at least these fields."""
    has = {name: event["body"].get(name) for name in body}
    equal(f"the event of the kind {kind}", (event["kind"], has), (kind, body))


async def refused(kind: type[Refusal], call: Awaitable[object]) -> Refusal:
    """The error of the SDK that a call ends with, which has to be of this class."""
    try:
        got = await call
    except kind as refusal:
        equal("the class of the refusal", type(refusal), kind)
        return refusal
    except ARCPError as other:
        raise Failed(f"{type(other).__name__} ({other}) came in place of {kind.__name__}") from None
    raise Failed(f"{got!r} came in place of {kind.__name__}")


async def result(handle: JobHandle) -> Any:
    """What a job has succeeded with."""
    ended = await handle.done
    equal("the status", ended.final_status, "success")
    return ended.result


async def said(handle: JobHandle) -> list[Event]:
    """What a job's agent says until the job ends, as far as nobody has read it before."""
    return [event async for event in handle.events() if not is_start(event)]


async def waits(handle: JobHandle) -> None:
    """Reads what a job says until it says that it waits."""
    async for event in handle.events():
        if event["kind"] == "log" and event["body"]["message"] == "waiting":
            return
    raise Failed("the job ended and has not waited")


async def until(condition: Callable[[], bool]) -> None:
    """Waits for something that the SDK has no call to wait for, until the flow's time is over."""
    while not condition():
        await asyncio.sleep(0.01)


def is_start(event: Event) -> bool:
    """Whether the runtime says that the job has started, which not every runtime does."""
    return event["kind"] == "status" and event["body"].get("phase") == "running"
