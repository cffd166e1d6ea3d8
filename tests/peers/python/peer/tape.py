"""A transport of the SDK that keeps what passes, and that can be cut or muted."""

from dataclasses import dataclass, field
from typing import Any

from arcp import WebSocketTransport

Frame = dict[str, Any]


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
        frame = await self.socket.recv()
        self.frames.append(("s2c", frame))
        return frame

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
