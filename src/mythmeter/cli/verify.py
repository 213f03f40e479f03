"""Say which marks a finished render carries, read from the file alone."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mythmeter verify`."""
    parser.add_argument("file", type=Path, help="a finished render (.mp4)")
    parser.add_argument(
        "--folder",
        type=Path,
        help="our own certificate, whose root is then trusted; default: the usual folder",
    )


def run(options: argparse.Namespace) -> None:
    """Check a file and print what was found.

    Raises:
        MediaError: not a video.
        ProvenanceError: a mark is missing or broken.
    """
    from mythmeter.errors import ProvenanceError
    from mythmeter.provenance.verify import verify_file

    verdict = verify_file(options.file, options.folder)
    print(verdict)
    if not verdict.passed:
        missing = ", ".join(check.name for check in verdict.failures)
        raise ProvenanceError(
            f"{options.file} does not carry what a finished render must: {missing}."
        )
