"""Credentials for models, and the agent that tells which of them are revoked."""

import asyncio
from typing import Any

from arcp import Credential, CredentialConstraints, Lease
from arcp.runtime import JobContext, JobCredentialContext

from peer.agents.gates import Gates


class Vault:
    """A provisioner: one credential for each job that may use models or spend."""

    def __init__(self, gates: Gates) -> None:
        self.gates = gates
        self.gone: list[str] = []
        self.stuck: dict[str, int] = {}
        self.changed = asyncio.Condition()

    async def issue(self, lease: Lease, ctx: JobCredentialContext) -> tuple[Credential, ...]:
        models, budget = lease.get("model.use", []), lease.get("cost.budget", [])
        if not models and not budget:
            return ()
        id = f"cred_{ctx.job_id}"
        for word in lease.get("x-vendor.conf.provision", []):
            if word == "fail":
                raise RuntimeError("there is no credential for this job")
            await self.gates.passed(word.removeprefix("gate:"))
        for times in lease.get("x-vendor.conf.revoke", []):
            self.stuck[id] = int(times)
        ends = ctx.lease_constraints.expires_at if ctx.lease_constraints else None
        constraints = CredentialConstraints(tuple(budget), tuple(models), ends)
        place = "https://gateway.invalid/v1"
        return (Credential(id, "bearer", f"secret-{id}", place, None, constraints),)

    async def revoke(self, credential_id: str) -> None:
        if self.stuck.get(credential_id, 0) > 0:
            self.stuck[credential_id] -= 1
            raise RuntimeError("this credential can not be revoked yet")
        async with self.changed:
            if credential_id not in self.gone:
                self.gone.append(credential_id)
            self.changed.notify_all()

    async def revoked(self, given: Any, _job: JobContext) -> list[str]:
        """Which are revoked, once the one that is waited for is."""
        async with self.changed:
            if given is not None:
                await self.changed.wait_for(lambda: given["revoked"] in self.gone)
            return list(self.gone)

    async def rotate(self, given: Any, job: JobContext) -> None:
        """Has a job's first credential rotated."""
        await job.log("info", "waiting")
        await self.gates.passed(given["gate"])
        first = job.credentials[0]
        await job.rotate_credential(first.id, f"rotated-{first.value}")
