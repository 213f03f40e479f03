"""The command `mythmeter`: what a person does before and beside the workflow."""

import argparse
import sys
from collections.abc import Sequence

from mythmeter import __version__
from mythmeter.cli import (
    calibrate,
    compare,
    consent,
    forget,
    keys,
    new,
    records,
    run,
    serve,
    verify,
)
from mythmeter.errors import MythmeterError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code. What a user can mend is said in one message."""
    options = parser().parse_args(arguments)
    try:
        options.command(options)
    except MythmeterError as error:
        print(f"mythmeter: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        print("\nmythmeter: stopped; nothing was written.", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    top = argparse.ArgumentParser(prog="mythmeter", description=__doc__)
    top.add_argument("--version", action="version", version=f"mythmeter {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for name, module in (
        ("new", new),
        ("run", run),
        ("consent", consent),
        ("forget", forget),
        ("keys", keys),
        ("verify", verify),
        ("serve", serve),
        ("records", records),
        ("compare", compare),
        ("calibrate", calibrate),
    ):
        summary = (module.__doc__ or "").splitlines()[0]
        command = commands.add_parser(name, help=summary, description=summary)
        module.add_arguments(command)
        command.set_defaults(command=module.run)
    top.epilog = "A run is Snakemake's; `mythmeter run` starts it in a bucket, or in batches."
    return top
