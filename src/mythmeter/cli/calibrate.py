"""Write what jobs ask of this machine, fitted from the usage records of finished runs.

Put the file's path into `demand.file` of the configuration; docs/usage.md says how it is used.
"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mythmeter calibrate`."""
    parser.add_argument(
        "results", type=Path, nargs="+", metavar="RESULTS_DIR", help="`paths.results` of a run"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("config/demand.json"),
        metavar="FILE",
        help="default: config/demand.json",
    )


def run(options: argparse.Namespace) -> None:
    """Fit, write, and say with which error.

    Raises:
        UsageError: there are no records, one is damaged, or they come from several machines.
    """
    from mythmeter.usage.calibrate import calibrate

    found = calibrate(options.results, options.output)
    print(f"{'rule':24} {'n':>3}  {'seconds':26} {'memory (MB)':26}")
    for rule, entry in found["rules"].items():
        print(
            f"{rule:24} {entry['runtime_s']['n']:>3}  {_said(entry, 'runtime_s'):26} "
            f"{_said(entry, 'mem_mb'):26}"
        )
    print(
        f"{options.output}: {found['n']} jobs on {found['machine']}. To use it, set demand.file in "
        "the configuration."
    )


def _said(entry: dict[str, object], what: str) -> str:
    line = entry[what]
    assert isinstance(line, dict)
    slope = f" + {line['per_unit']:.3g} a {entry['unit']}" if line["per_unit"] else ""
    error = "one job" if line["error"] is None else f"± {line['error']:.3g}"
    return f"{line['base']:.4g}{slope} ({error})"
