"""Where a flow plays: one runtime, reached as often as the flow likes and by whom it likes."""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

from arcp import ClientInfo, SessionResume
from arcp.client import ARCPClient, JobHandle

from peer.expect import Failed, NotRun, holds
from peer.tape import Tape


@dataclass(frozen=True)
class Place:
    """A runtime, the tokens of those whom it lets in, and a folder for what is said there."""

    url: str
    tokens: dict[str, str]
    tapes: Path | None


@dataclass
class Complaints:
    """The logger that the SDK is given: it says there why it has stopped reading."""

    said: list[str] = field(default_factory=list)

    def exception(self, event: str, **fields: object) -> None:
        self.said.append(f"{event} {fields}")


class Stage:
    """A runtime, and the clients that a flow has there."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.complaints = Complaints()
        self.tapes: dict[ARCPClient, Tape] = {}

    def named(self, what: str) -> str:
        """A name that nobody else has."""
        return f"{what}-{uuid4().hex[:12]}"

    def new(self, token: str, **settings: Any) -> ARCPClient:
        """A client that is not connected yet."""
        info = ClientInfo(name="arcp-peers", version="0.1.0")
        return ARCPClient(client=info, token=token, logger=self.complaints, **settings)

    async def dial(self, client: ARCPClient) -> Tape:
        """A connection for a client."""
        self.tapes[client] = await Tape.dial(self.place.url)
        return self.tapes[client]

    async def client(self, who: str = "alice", **settings: Any) -> ARCPClient:
        """A client in a new session of its own."""
        client = self.new(self.place.tokens[who], **settings)
        await client.connect(await self.dial(client))
        return client

    async def cut(self, client: ARCPClient) -> SessionResume:
        """Ends a client's connection without a word. How its session can be gone on with."""
        resume = self.resume_of(client)
        await self.tapes[client].close()
        return resume

    def resume_of(self, client: ARCPClient) -> SessionResume:
        """How a client's session can be gone on with at what it has read."""
        welcome = client.welcome
        if welcome is None:
            raise Failed("there is no session to go on with")
        seq = client.latest_event_seq
        return SessionResume(
            session_id=welcome.session_id, resume_token=welcome.resume_token, last_event_seq=seq
        )

    async def resumed(self, resume: SessionResume, who: str = "alice") -> ARCPClient:
        """A new client that goes on with a session."""
        client = self.new(self.place.tokens[who])
        await client.resume(await self.dial(client), resume=resume)
        return client

    def needs(self, client: ARCPClient, agent: str) -> None:
        """Ends the flow where the runtime has no such agent."""
        agents: Any = client.welcome.capabilities.agents if client.welcome else ()
        if all(agent != entry.name for entry in agents):
            raise NotRun(f"the runtime has no agent {agent}")

    async def open_gate(self, client: ARCPClient, gate: str) -> None:
        """Lets everybody on who waits at the gate."""
        opener: JobHandle = await client.submit(agent="conf.open", input={"gate": gate})
        await opener.done

    def check(self) -> None:
        """What has to hold of every flow: the SDK could read all that came, and it was numbered one
        by one."""
        holds(f"the SDK can read what comes: {self.complaints.said}", not self.complaints.said)
        for tape in self.tapes.values():
            numbers = tape.numbers()
            steps = [after - before for before, after in pairwise(numbers)]
            holds(f"events are numbered one by one: {numbers}", all(step == 1 for step in steps))

    def keep(self, name: str) -> None:
        """Writes down what was said, a file for each flow."""
        if self.place.tapes is None:
            return
        self.place.tapes.mkdir(parents=True, exist_ok=True)
        file = self.place.tapes / f"{name.replace('/', '-')}.jsonl"
        with file.open("w") as out:
            for conn, tape in enumerate(self.tapes.values()):
                for way, frame in tape.frames:
                    out.write(json.dumps({"dir": way, "conn": conn, "frame": frame}) + "\n")

    async def leave(self) -> None:
        """Closes what is open."""
        for client in self.tapes:
            with suppress(Exception):
                await client.close()
