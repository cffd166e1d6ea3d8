"""Models, and the credentials for them."""

from decimal import Decimal
from typing import Any

from arcp import V1_1_FEATURES, InvalidRequestError, parse_budget_amount
from arcp.client import ARCPClient

from peer.expect import equal, holds, refused, result, said, says, waits
from peer.flow import flow
from peer.stage import Stage

LEASE = {"model.use": ["tier-fast/*"], "cost.budget": ["USD:5.00"]}


async def client_of_models(stage: Stage) -> ARCPClient:
    """A client that declares what it can do about models, which the SDK does only if told to."""
    client = await stage.client(features=(*V1_1_FEATURES, "model.use", "provisioned_credentials"))
    holds("models are agreed on", client.has_feature("model.use"))
    holds("credentials are agreed on", client.has_feature("provisioned_credentials"))
    return client


@flow("models", "an agent may use the models that its lease names", profile="credentials")
async def models(stage: Stage) -> None:
    client = await client_of_models(stage)
    given = {"operations": [["model.use", "tier-fast/mini"], ["model.use", "tier-slow/large"]]}
    job = await client.submit(agent="conf.authorize", input=given, lease_request=LEASE)
    equal("what it may do", await result(job), ["ok", "PERMISSION_DENIED"])


@flow(
    "credentials",
    "credentials of a job: told to its submitter, revoked at its end",
    profile="credentials",
)
async def credentials(stage: Stage) -> None:
    client = await client_of_models(stage)
    gate = stage.named("gate")
    job = await client.submit(agent="conf.gate", input={"gate": gate}, lease_request=LEASE)
    await waits(job)
    (credential,) = job.credentials
    equal("the scheme", credential.scheme, "bearer")
    holds("it has a value and a place", credential.value != "" and credential.endpoint != "")
    limits: Any = credential.constraints
    equal("the models that it is for", limits.model_use, ("tier-fast/*",))
    (amount,) = limits.cost_budget
    equal("what it may spend", parse_budget_amount(amount), ("USD", Decimal(5)))
    await stage.open_gate(client, gate)
    await result(job)
    given = {"revoked": credential.id}
    revoked = await result(await client.submit(agent="conf.credentials", input=given))
    holds("it is revoked", credential.id in revoked)


@flow("credentials-secret", "whoever only watches is told no credential", profile="credentials")
async def secret(stage: Stage) -> None:
    client, watcher = await client_of_models(stage), await client_of_models(stage)
    gate = stage.named("gate")
    job = await client.submit(agent="conf.gate", input={"gate": gate}, lease_request=LEASE)
    await waits(job)
    watched = await watcher.subscribe(job.job_id, history=True)
    await stage.open_gate(client, gate)
    await result(watched.handle)
    await watcher.list_jobs()
    values = [credential.value for credential in job.credentials]
    holds("there is a value", values != [])
    said = str(stage.tapes[watcher].frames)
    holds("the value is nowhere in what he is told", all(value not in said for value in values))


@flow("models-undeclared", "a client that has not declared models gets none", profile="credentials")
async def undeclared(stage: Stage) -> None:
    client = await stage.client()
    asked = client.submit(agent="conf.echo", input=1, lease_request={"model.use": ["tier-fast/*"]})
    await refused(InvalidRequestError, asked)
    job = await client.submit(agent="conf.echo", input=1)
    equal("the credentials of the next", job.credentials, ())
    equal("its result", await result(job), 1)


@flow("credentials-rotated", "a new value is told to the submitter alone", profile="credentials")
async def rotated(stage: Stage) -> None:
    client, watcher = await client_of_models(stage), await client_of_models(stage)
    stage.needs(client, "conf.rotate")
    gate = stage.named("gate")
    job = await client.submit(agent="conf.rotate", input={"gate": gate}, lease_request=LEASE)
    await waits(job)
    (credential,) = job.credentials
    watched = await watcher.subscribe(job.job_id)
    await stage.open_gate(client, gate)
    (told,) = await said(job)
    says(told, "status", phase="credential_rotated", id=credential.id)
    holds("there is a new value", told["body"]["value"] not in ("", credential.value))
    (seen,) = await said(watched.handle)
    says(seen, "status", phase="credential_rotated", id=credential.id)
    holds("the value is not for whoever watches", not seen["body"].get("value"))
    await result(job)
