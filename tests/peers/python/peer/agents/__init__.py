"""The agents of `docs/conformance/AGENTS.md`, as far as the runtime of the SDK can host them: it
keeps no artifacts, asks for no permissions and runs nothing again.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from arcp import error_class_for
from arcp.runtime import ARCPRuntime, JobContext

from peer.agents import ends, says
from peer.agents.lease import Spender
from peer.agents.models import Vault
from peer.agents.streams import Streamer


def host(runtime: ARCPRuntime, vault: Vault) -> None:
    """Has a runtime host every agent, which share the gates of its provisioner."""
    gates = vault.gates
    spender, streamer = Spender(gates), Streamer(gates)
    for name, agent in {
        "conf.echo": echo,
        "conf.log": says.log,
        "conf.flood": says.flood,
        "conf.events": says.events,
        "conf.chunks": says.chunks,
        "conf.artifact": says.artifact,
        "conf.trace": says.trace,
        "conf.fail": ends.fail,
        "conf.panic": ends.panic,
        "conf.gate": gates.gate,
        "conf.open": gates.open,
        "conf.stubborn": gates.stubborn,
        "conf.charge": spender.charge,
        "conf.authorize": spender.authorize,
        "conf.stream": streamer.stream,
        "conf.credentials": vault.revoked,
        "conf.rotate": vault.rotate,
    }.items():
        runtime.register_agent_version(name, "1.0.0", checked(agent))
    runtime.register_agent_version("conf.version", "1.0.0", ends.version_one)
    runtime.register_agent_version("conf.version", "2.0.0", ends.version_two)
    runtime.set_default_agent_version("conf.version", "2.0.0")


Agent = Callable[[Any, JobContext], Awaitable[Any]]


def checked(agent: Agent) -> Agent:
    """An agent that refuses an input without what it needs."""

    async def refusing(given: Any, job: JobContext) -> Any:
        try:
            return await agent(given, job)
        except (KeyError, TypeError) as failure:
            raise error_class_for("INVALID_REQUEST")(f"not an input of this agent: {failure}") from failure

    return refusing


async def echo(given: Any, _job: JobContext) -> Any:
    return given
