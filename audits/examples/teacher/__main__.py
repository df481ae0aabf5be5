"""Starts the local teacher: `python -m audits.examples.teacher --port 0 --log FILE.jsonl`.

When it listens it prints one line of JSON, `{"ready": true, "url": ..., "model": ..., "log": ...}`, and serves until
SIGINT or SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from audits.examples.teacher.limits import Overload, RateLimit
from audits.examples.teacher.mind.loading import MINDS, MindUnavailable, load_mind
from audits.examples.teacher.request_log import RequestLog
from audits.examples.teacher.server import TeacherServer, stop_with_stdin
from audits.examples.teacher.service import Service


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m audits.examples.teacher", description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (the default)")
    parser.add_argument("--log", type=Path, help="append one JSON line per served request to this file")
    parser.add_argument("--seed", type=int, default=7, help="seed of the answers and of the passing overloads")
    parser.add_argument(
        "--rate-limit",
        type=RateLimit.parse,
        default=RateLimit(30_000, 5_000),
        metavar="PER_MINUTE[:BURST]",
        help="requests per minute and key; more are answered with 429 (default 30000:5000)",
    )
    parser.add_argument(
        "--overload", type=float, default=0.01, help="share of requests turned away once (default 0.01)"
    )
    parser.add_argument(
        "--model", choices=MINDS, default="light", help="what answers (default light; smollm2 takes seconds per answer)"
    )
    parser.add_argument("--exit-with-stdin", action="store_true", help="stop when standard input is closed")
    return parser.parse_args(arguments)


async def serve(options: argparse.Namespace) -> None:
    mind = load_mind(options.model, options.seed)
    log = RequestLog(options.log)
    service = Service(mind, options.rate_limit, Overload(options.overload, options.seed))
    server, url = await TeacherServer(service, log).start(options.port)
    ready = {"ready": True, "url": url, "model": mind.name, "log": str(options.log or ""), "pid": os.getpid()}
    print(json.dumps(ready), flush=True)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    if options.exit_with_stdin:
        stop_with_stdin(stop)
    await stop.wait()
    server.close()
    log.close()


def main() -> int:
    options = parse(sys.argv[1:])
    try:
        asyncio.run(serve(options))
    except (MindUnavailable, OSError) as wrong:
        print(f"The teacher could not start: {wrong}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
