"""The published Python SDK's runtime, hosting the agents of the load program (`cargo xtask bench
--compare`): the same names, inputs and results as our program's. Prints where it listens, and serves
until it is ended.
"""

import argparse
import asyncio
import logging
import sys
from string import ascii_lowercase
from typing import Any

from arcp import RuntimeInfo, serve_websocket
from arcp.runtime import ARCPRuntime, Identity, JobContext


class Door:
    """Lets in everybody, as the principal that is named like the token."""

    async def verify(self, token: str) -> Identity:
        return Identity(principal=token)


async def echo(given: Any, _job: JobContext) -> Any:
    return given


async def emit(given: Any, job: JobContext) -> dict[str, int]:
    """Event `i` carries `i`."""
    await asyncio.sleep(given.get("start_ms", 0) / 1e3)
    delay = given.get("delay_us", 0) / 1e6
    for i in range(given["n"]):
        if delay:
            await asyncio.sleep(delay)
        await job.metric({"name": "bench.events", "value": i, "unit": "events"})
    return {"emitted": given["n"]}


async def chunks(given: Any, job: JobContext) -> None:
    """The whole is a run that starts over and over: the alphabet in text, the bytes 0 to 255 in
    base64. It is made once, so that it is the runtime that is measured."""
    stream = job.stream_result()
    size = given["size"]
    period: str | bytes = ascii_lowercase if given["encoding"] == "utf8" else bytes(range(256))
    run = period * (size // len(period) + 2)
    start = 0
    for _ in range(given["n"]):
        await stream.write(run[start : start + size])
        start = (start + size) % len(period)
    await stream.close()


def runtime() -> ARCPRuntime:
    info = RuntimeInfo(name="agentruntimecontrolprotocol", version="1.1.3")
    made = ARCPRuntime(runtime=info, bearer=Door())
    for agent in (echo, emit, chunks):
        made.register_agent_version(agent.__name__, "1.0.0", agent)
    return made


async def serve(address: str, port: int) -> None:
    """Serves until it is ended."""
    server = await serve_websocket(runtime().accept, host=address, port=port)
    (socket, *_) = server.sockets
    print(f"listening on ws://{address}:{socket.getsockname()[1]}/arcp", flush=True)
    await server.serve_forever()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT")
    address, _, port = parser.parse_args().listen.rpartition(":")
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    asyncio.run(serve(address, int(port)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
