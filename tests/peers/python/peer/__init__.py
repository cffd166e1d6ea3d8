"""The published Python SDK as a peer: flows of its client, and agents for its runtime."""
