"""What a flow is: something that a client does with a runtime, from its first connection to the
last, and a name for it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from peer.stage import Stage

Run = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Flow:
    """A flow, the profile whose settings the runtime has to have for it, and whether nothing else
    may run in this program meanwhile."""

    name: str
    profile: str
    about: str
    run: Run
    alone: bool


FLOWS: list[Flow] = []
"""Every flow, in the order in which their modules are read."""


def flow(
    name: str, about: str, *, profile: str = "standard", alone: bool = False
) -> Callable[[Run], Run]:
    """Puts a function into the table."""

    def register(run: Run) -> Run:
        FLOWS.append(Flow(f"python/{name}", profile, about, run, alone))
        return run

    return register
