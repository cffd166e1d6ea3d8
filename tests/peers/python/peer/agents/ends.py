"""Agents that only end, in one way or another."""

from typing import Any

from arcp import error_class_for
from arcp.runtime import JobContext

NAMES = {
    "INVALID_ARGUMENT": "INVALID_REQUEST",
    "NOT_FOUND": "JOB_NOT_FOUND",
    "FAILED_PRECONDITION": "INVALID_REQUEST",
    "DEADLINE_EXCEEDED": "TIMEOUT",
}
"""Codes that have another name in the draft. The SDK takes those that it does not know for
INTERNAL_ERROR."""


async def fail(given: Any, _job: JobContext) -> None:
    code: str = given["code"]
    failure = error_class_for(NAMES.get(code) or code)
    raise failure(given["message"], retryable=given.get("retryable"), details=given.get("details"))


async def panic(_given: Any, _job: JobContext) -> None:
    raise RuntimeError("an agent that crashes was asked for")


async def version_one(_given: Any, _job: JobContext) -> dict[str, str]:
    return {"version": "1.0.0"}


async def version_two(_given: Any, _job: JobContext) -> dict[str, str]:
    return {"version": "2.0.0"}
