"""Speak as an HTTP server, with the voices of a run: OpenAI's /v1/audio/speech.

Only people with a consent receipt in the run's folder are spoken for; all speech is watermarked.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

LOOPBACK = "127.0.0.1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mythmeter serve`."""
    parser.add_argument(
        "--configfile", type=Path, nargs="*", default=[], help="as for snakemake; default: built-in"
    )
    parser.add_argument("--host", default=LOOPBACK, help=f"address to listen on ({LOOPBACK})")
    parser.add_argument("--port", type=int, default=8321, help="port (8321)")
    parser.add_argument("--waiting", type=int, default=16, help="longest line; beyond: 429 (16)")
    parser.add_argument("--threads", type=int, default=2, help="cores (2)")
    parser.add_argument(
        "--notice",
        action="store_true",
        help="begin every answer with a spoken sentence that says it was generated (no)",
    )


def run(options: argparse.Namespace) -> None:
    """Serve until interrupted, then write the usage record.

    Raises:
        ConfigError: a fault in the configuration, or a line that cannot be.
        ModelError: files of the synthesiser are missing; run the workflow once.
    """
    from mythmeter.voice.service.start import serve

    serve(
        options.configfile,
        host=options.host,
        port=options.port,
        waiting=options.waiting,
        threads=options.threads,
        notice=options.notice,
        started=datetime.now(UTC),
    )
