"""The flows: each module puts its own into the table."""

from peer.flow import FLOWS
from peer.flows import (  # noqa: F401  each puts its flows into the table
    agents,
    closing,
    delegation,
    ends,
    handshake,
    jobs,
    keys,
    leases,
    listing,
    models,
    results,
    resuming,
    talking,
    watching,
)

__all__ = ("FLOWS",)
