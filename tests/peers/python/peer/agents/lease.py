"""Agents that spend and ask."""

from decimal import Decimal
from typing import Any

from arcp import ARCPError
from arcp.runtime import JobContext

from peer.agents.gates import Gates


class Spender:
    """Both of them, with the gates at which they wait."""

    def __init__(self, gates: Gates) -> None:
        self.gates = gates

    async def charge(self, given: Any, job: JobContext) -> dict[str, object]:
        charges = [await spent(job, *charge) for charge in given["charges"]]
        if "gate" in given:
            await job.log("info", "waiting")
            await self.gates.passed(given["gate"])
        then = asked(job, *given["then"]) if "then" in given else None
        return {"charges": charges, "then": then}

    async def authorize(self, given: Any, job: JobContext) -> list[str]:
        if "gate" in given:
            await self.gates.passed(given["gate"])
        return [asked(job, *operation) for operation in given["operations"]]


async def spent(job: JobContext, what: str, amount: str, currency: str) -> str:
    """How a charge went. The SDK says nothing of one that is below zero, but does not take it."""
    value = Decimal(amount)
    if value < 0:
        return "INVALID_REQUEST"
    await job.metric({"name": f"cost.{what}", "value": value, "unit": currency})
    return "ok"


def asked(job: JobContext, namespace: str, target: str) -> str:
    """Whether the lease covers an operation."""
    try:
        job.authorize(namespace, target)
    except ARCPError as refusal:
        return refusal.code
    return "ok"
