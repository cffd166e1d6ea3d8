"""Runs flows, many at a time, and says how each ended. Each has a limit, so none can hang."""

import asyncio
import json
import time
from contextlib import suppress
from pathlib import Path
from traceback import extract_tb

from peer.expect import Failed, NotRun
from peer.flow import Flow
from peer.stage import Place, Stage

AT_ONCE = 12
"""How many flows run at a time: most of them wait for something most of the time."""

FLOW_LIMIT = 30.0
"""How long a flow may take, in seconds."""

LEAVE_LIMIT = 15.0
"""How long it may take to close what a flow has opened."""

FLOWS_FOLDER = Path(__file__).parent / "flows"


async def drive(flows: list[Flow], place: Place) -> bool:
    """Runs flows against a runtime. Whether none of them is bad."""
    # Handles that a flow leaves behind end with their connection, which nobody needs to hear of.
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    together = [flow for flow in flows if not flow.alone]
    room = asyncio.Semaphore(AT_ONCE)

    async def in_room(flow: Flow) -> bool:
        async with room:
            return await report(flow, place)

    outcomes = await asyncio.gather(*map(in_room, together))
    outcomes += [await report(flow, place) for flow in flows if flow.alone]
    return all(outcomes)


async def report(flow: Flow, place: Place) -> bool:
    """Runs a flow and prints what came of it."""
    stage = Stage(place)
    started = time.monotonic()
    line: dict[str, object] = {"flow": flow.name}
    try:
        why = await ended(flow, stage)
        line["ok"] = why is None
    except NotRun as reason:
        why = str(reason)
        line["ok"] = None
    if why is not None:
        line["why"] = why
    line["seconds"] = round(time.monotonic() - started, 2)
    print(json.dumps(line), flush=True)
    stage.keep(flow.name)
    return line["ok"] is not False


async def ended(flow: Flow, stage: Stage) -> str | None:
    """Why a flow is not good, if it is not, and where it found that."""
    limit = asyncio.timeout(FLOW_LIMIT)
    try:
        async with limit:
            await flow.run(stage)
        stage.check()
    except TimeoutError as late:
        # Not every call of the SDK gives up by itself.
        what = "it takes too long" if limit.expired() else "the SDK gave up waiting"
        return what + (place_of(late) or place_of(late.__cause__ or late))
    except NotRun:
        raise
    except Failed as failed:
        return str(failed) + place_of(failed)
    except Exception as error:
        # What the SDK raises where nothing was to be raised.
        return f"{type(error).__name__}: {error}" + place_of(error)
    finally:
        with suppress(Exception):
            async with asyncio.timeout(LEAVE_LIMIT):
                await stage.leave()
    return None


def place_of(error: BaseException) -> str:
    """The line of a flow that an error went through."""
    for frame in reversed(extract_tb(error.__traceback__)):
        if Path(frame.filename).parent == FLOWS_FOLDER:
            return f" ({Path(frame.filename).name}:{frame.lineno})"
    return ""
