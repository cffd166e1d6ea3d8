"""The published Python SDK's runtime, hosting the agents of the conformance suite. Prints where it
listens, and serves until it is ended.
"""

import argparse
import asyncio
import logging
import sys
from typing import Any

from arcp import RuntimeInfo, UnauthenticatedError, serve_websocket
from arcp.runtime import (
    ARCPRuntime,
    Identity,
    InMemoryRevocationLog,
    JWTVerifier,
    StaticBearerVerifier,
)

from peer.agents import host
from peer.agents.gates import Gates
from peer.agents.models import Vault

TOKENS = {"conf-alice": "alice", "conf-bob": "bob"}

PROFILES: dict[str, dict[str, Any]] = {
    "standard": {},
    "timed": {"heartbeat_interval_sec": 1},
    "fleeting": {"resume_window_sec": 2, "idempotency_ttl_sec": 1},
    "credentials": {},
}
"""What the SDK has settings for, of the profiles of `docs/conformance/AGENTS.md`."""


class Door:
    """Lets in who has one of the tokens, or one that is signed."""

    def __init__(self) -> None:
        self.known = StaticBearerVerifier(TOKENS)
        secret, audience = "conformance-secret-of-32-bytes-ok", "arcp-conformance"
        self.signed = JWTVerifier(secret=secret, audience=audience)

    async def verify(self, token: str) -> Identity:
        try:
            return await self.known.verify(token)
        except UnauthenticatedError:
            return await self.signed.verify(token)


def runtime(profile: str) -> ARCPRuntime:
    """A runtime with the settings of a profile."""
    vault = Vault(Gates())
    settings = PROFILES[profile]
    if profile == "credentials":
        settings = {"credential_provisioner": vault, "revocation_log": InMemoryRevocationLog()}
    info = RuntimeInfo(name="agentruntimecontrolprotocol", version="1.1.3")
    made = ARCPRuntime(runtime=info, bearer=Door(), **settings)
    host(made, vault)
    return made


async def serve(profile: str, address: str, port: int) -> None:
    """Serves until it is ended."""
    server = await serve_websocket(runtime(profile).accept, host=address, port=port)
    (socket, *_) = server.sockets
    print(f"listening on ws://{address}:{socket.getsockname()[1]}/arcp", flush=True)
    await server.serve_forever()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT")
    parser.add_argument("--profile", default="standard", choices=PROFILES)
    parser.add_argument("--data", help="taken and not used: the SDK keeps its sessions in memory")
    args = parser.parse_args()
    address, _, port = args.listen.rpartition(":")
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    asyncio.run(serve(args.profile, address, int(port)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
