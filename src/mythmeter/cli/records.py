"""Write the usage records of a finished run as a set that others can compare with theirs.

The name of this machine is replaced by the label; docs/usage.md says what else a set holds.
"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mythmeter records`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION", dest="action")
    summary = "write the usage records of a finished run as a record set"
    export = actions.add_parser("export", help=summary, description=summary)
    export.add_argument(
        "results", type=Path, metavar="RESULTS_DIR", help="`paths.results` of the run"
    )
    export.add_argument(
        "out", type=Path, metavar="OUT_DIR", help="folder of the set, such as records/laptop"
    )
    export.add_argument("--label", help="what to call the machine; default: the name of OUT_DIR")
    export.add_argument(
        "--anonymous",
        action="store_true",
        help="number renders, people, clips and devices instead of naming them",
    )


def run(options: argparse.Namespace) -> None:
    """Export.

    Raises:
        UsageError: the run has not finished, a record is damaged, or the folder is not empty.
    """
    from mythmeter.usage.export import export_records

    jobs = export_records(
        options.results, options.out, label=options.label, anonymous=options.anonymous
    )
    print(
        f"{options.out}: records of {jobs} jobs. To compare, put the folder into `records` of "
        "another project."
    )
