"""Drives flows of the hello dialect against a runtime, with the published Python SDK as its user
would, and says what came of each: one JSON object a line.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from peer.drive import drive
from peer.flow import Flow
from peer.flows import FLOWS
from peer.observer import observe
from peer.stage import Place


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", nargs="?", help="the runtime's address, ws://HOST:PORT/PATH")
    parser.add_argument("flows", nargs="*", help="only these flows [default: all of the profile]")
    parser.add_argument("--profile", default="standard", help="the profile that the runtime has")
    parser.add_argument("--alice", default="conf-alice", help="the token of the principal alice")
    parser.add_argument("--bob", default="conf-bob", help="the token of the principal bob")
    parser.add_argument("--tapes", type=Path, help="a folder for the frames of each flow")
    parser.add_argument("--watch", metavar="JOB", help="run no flow, but watch this job to its end")
    parser.add_argument(
        "--list", action="store_true", help="only list: name, profile, what it shows"
    )
    args = parser.parse_args()
    if args.url is None and not args.list:
        parser.error("where is the runtime?")
    unknown = [name for name in args.flows if all(flow.name != name for flow in FLOWS)]
    if unknown:
        parser.error(f"no flow `{unknown[0]}`; --list lists them all")
    return args


def selected(args: argparse.Namespace) -> list[Flow]:
    if args.flows:
        return [flow for flow in FLOWS if flow.name in args.flows]
    return [flow for flow in FLOWS if flow.profile == args.profile]


def main() -> int:
    args = arguments()
    if args.list:
        for flow in FLOWS:
            print(flow.name, flow.profile, flow.about, sep="\t")
        return 0
    place = Place(args.url, {"alice": args.alice, "bob": args.bob}, args.tapes)
    if args.watch is not None:
        asyncio.run(observe(place, args.watch))
        return 0
    return 0 if asyncio.run(drive(selected(args), place)) else 1


if __name__ == "__main__":
    sys.exit(main())
