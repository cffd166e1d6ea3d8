"""A transport of the SDK that keeps what passes, and that can be cut or muted."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from arcp import WebSocketTransport

Frame = dict[str, Any]

TURNS = 10
"""Turns of the event loop, more than the SDK takes from a frame to its user."""


@dataclass
class Tape:
    """A WebSocket, as the SDK's client is given it."""

    socket: WebSocketTransport
    frames: list[tuple[str, Frame]] = field(default_factory=list)
    muted: bool = False

    @classmethod
    async def dial(cls, url: str) -> "Tape":
        return cls(await WebSocketTransport.connect(url))

    async def send(self, envelope: Frame) -> None:
        if self.muted:
            return
        self.frames.append(("c2s", envelope))
        await self.socket.send(envelope)

    async def recv(self) -> Frame:
        if self.frames and self.frames[-1][1]["type"] == "job.subscribed":
            await self.let_program_run_on()
        frame = await self.socket.recv()
        self.frames.append(("s2c", frame))
        return frame

    async def let_program_run_on(self) -> None:
        """Lets whoever has waited for `job.subscribed` come to its handle, which the SDK needs to hand
        on what comes next."""
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Ends the connection. Whoever calls this without a word before it cuts the connection."""
        await self.socket.close()

    @property
    def is_closed(self) -> bool:
        return self.socket.is_closed

    def received(self, kind: str) -> list[Frame]:
        """What came of a type."""
        return [frame for way, frame in self.frames if way == "s2c" and frame["type"] == kind]

    def numbers(self) -> list[int]:
        """The numbers of what came, in the order in which it came."""
        frames = [frame for way, frame in self.frames if way == "s2c"]
        return [frame["event_seq"] for frame in frames if frame.get("event_seq") is not None]
