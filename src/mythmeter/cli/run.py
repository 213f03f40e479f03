"""Start Snakemake as the configuration asks: in its bucket, and a long sheet in batches.

Without `paths.bucket` and `--batches` this is `snakemake --configfile FILE` and nothing more.
"""

import argparse
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from mythmeter.cli.planning import plan_batches, plans_only
from mythmeter.config.places import Origins
from mythmeter.errors import ConfigError

OPTIONS = ("--cores", "all", "--resources", "gpu=1")
"""Given to Snakemake unless others are."""
REPORTING = (
    "all",
    "gather_usage",
    "gather_machines",
    "draw_charts",
    "answer_questions",
    "write_report",
    "score_detector",
)
"""Rules that are left to run when every render is there: the others need not be planned again."""
PLUGINS = Path(".executors/cloud")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mythmeter run`."""
    parser.add_argument(
        "--configfile", type=Path, nargs="+", default=[], metavar="FILE", help="as Snakemake's"
    )
    parser.add_argument(
        "--batches",
        type=int,
        default=1,
        metavar="N",
        help="plan and run the sheet in N batches, one after another, and then the report; with "
        "Snakemake's --dry-run, plan them side by side (1)",
    )
    parser.add_argument(
        "snakemake",
        nargs="*",
        metavar="OPTION",
        help=f"options of Snakemake, after `--`; default: {' '.join(OPTIONS)}",
    )


def run(options: argparse.Namespace) -> None:
    """Run Snakemake, as often as there are batches; end with its exit code.

    Raises:
        ConfigError: no such number of batches, no configuration, or no plugin for the bucket.
    """
    if options.batches < 1:
        raise ConfigError(f"--batches {options.batches}: it must be at least 1.")
    bucket = bucket_of(options.configfile)
    environment = {**os.environ, **(_with_plugins() if bucket else {})}
    given = options.snakemake or list(OPTIONS)
    snakemake = [sys.executable, "-m", "snakemake"]
    if options.batches > 1 and plans_only(given):
        # Of all renders and no report: that cannot be planned before they are there.
        (plain,) = commands(options.configfile, given, 1, bucket)
        code = plan_batches([*snakemake, *plain, "--", "renders"], options.batches, environment)
        if code:
            raise SystemExit(code)
        return
    for command in commands(options.configfile, given, options.batches, bucket):
        code = _wait_for([*snakemake, *command], environment)
        if code:
            raise SystemExit(code)


def commands(
    configfiles: Sequence[Path], given: Sequence[str], batches: int, bucket: str | None
) -> Iterator[list[str]]:
    """Yield the arguments of each call of Snakemake.

    Args:
        configfiles: as given.
        given: options of Snakemake, and targets where there is one batch only.
        batches: into how many the sheet is cut; Snakemake plans each alone.
        bucket: `s3://BUCKET/PREFIX`; None: files lie here.
    """
    # What takes several values comes before an option that takes one: none of `given` is eaten.
    before = ["--configfile", *map(str, configfiles)] if configfiles else []
    if bucket:
        before += ["--default-storage-provider", "s3", "--default-storage-prefix", bucket]
    if batches == 1:
        yield [*before, *given]
        return
    for number in range(1, batches + 1):
        yield [*before, *given, "--batch", f"renders={number}/{batches}", "--", "renders"]
    yield [*before, *given, "--allowed-rules", *REPORTING, "--", "all"]


def bucket_of(configfiles: Sequence[Path]) -> str | None:
    """Return `paths.bucket` of the last configuration that sets it; None: there is no bucket."""
    for file in Origins(configfiles).files:
        if file.has(("paths", "bucket")):
            found = file.value["paths"]["bucket"]
            return None if found is None else str(found)
    return None


def _with_plugins() -> Mapping[str, str]:
    """Variables under which Snakemake finds its plugin for S3."""
    if importlib.util.find_spec("snakemake_storage_plugin_s3"):
        return {}
    if not PLUGINS.is_dir():
        raise ConfigError(
            f"paths.bucket needs Snakemake's plugin for S3, and there is no {PLUGINS}. Install it "
            "with `make setup-executors`, or set paths.bucket: null."
        )
    others = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(PLUGINS.absolute()), *([others] if others else [])])}


def _wait_for(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end, and let it end itself when this process is told to."""
    child = subprocess.Popen(command, env=environment)

    def pass_on(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    # Ctrl-C reaches the child from the terminal; twice would be taken for impatience.
    earlier = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda number, frame: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, pass_on),
    }
    try:
        code = child.wait()
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
