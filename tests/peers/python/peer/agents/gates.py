"""Gates: by which one job waits until another one lets it go on."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import Any

from arcp.runtime import JobContext


class Gates:
    """The gates of a runtime, by name. One that was opened stays open."""

    def __init__(self) -> None:
        self.opened: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def passed(self, gate: str) -> None:
        """Waits until a gate is open."""
        await self.opened[gate].wait()

    async def gate(self, given: Any, job: JobContext) -> str:
        if given.get("log", True):
            await job.log("info", "waiting")
        await self.passed(given["gate"])
        return "released"

    async def stubborn(self, given: Any, job: JobContext) -> str:
        if given.get("log", True):
            await job.log("info", "waiting")
        while not self.opened[given["gate"]].is_set():
            with suppress(asyncio.CancelledError):
                await self.passed(given["gate"])
        return "released"

    async def open(self, given: Any, _job: JobContext) -> None:
        self.opened[given["gate"]].set()
