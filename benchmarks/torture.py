"""A tiny real run, killed by a seeded plan and run again: `make torture`.

An undisturbed run comes first. Then all it made is thrown away and made anew while jobs, Snakemake,
or everything at once are killed with SIGKILL: every rule, at its start, in its middle, while it
writes, and just after. When a struck run has ended, every file that stands at its final place must
already be the undisturbed one. A plain rerun must then end with exit 0 and the undisturbed results.
Last line: one JSON object. A torture that was stopped goes on with `--resume`.

    python benchmarks/torture.py --kills 100 --seed 1 --folder /somewhere/empty
"""

import argparse
import json
import platform
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from torturing.checkout import Checkout, make_checkout
from torturing.jobs import Work, kill_leftovers, wait_for_orphans
from torturing.killer import Killer
from torturing.plan import make_plan
from torturing.rounds import Outcome, Torture
from torturing.same import identical_bytes

SPARED = {"fetch_model"}
"""Downloads are shared with the repository, and checked by their sha256."""


def main() -> None:
    """Print what happened; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="empty, or one of an earlier torture")
    parser.add_argument("--resume", action="store_true", help="go on where a torture stopped")
    parser.add_argument(
        "--restore", action="store_true", help="put the undisturbed results back before it goes on"
    )
    parser.add_argument("--cores", type=int, default=2, help="that a struck run may use")
    asked = parser.parse_args()
    folder = (asked.folder or Path(tempfile.mkdtemp(prefix="mythmeter-torture-"))).resolve()
    print(f"in {folder}", flush=True)
    checkout = _undisturbed(folder)
    checkout.cores = asked.cores
    outcome, log = Outcome(), folder / "kills.jsonl"
    if asked.resume:
        kill_leftovers(checkout.folder)
        wait_for_orphans(str(checkout.folder))
        if (folder / "outcome.json").is_file():
            outcome = Outcome(**json.loads((folder / "outcome.json").read_text()))
    else:
        log.unlink(missing_ok=True)
    work = Work.noted_in(folder / "notes", checkout.folder)
    scripts = {path.stem for path in (checkout.folder / "scripts").glob("*.py")}
    rules = (set(work.seconds) & scripts) - SPARED
    killer = Killer(make_plan(rules, asked.kills, asked.seed), work, log)
    torture = Torture(checkout, folder, killer, outcome)
    if asked.restore:
        torture.restore()
    elif asked.resume and outcome.rounds:
        torture.finish_round()
    torture.go_on()
    torture.save()
    print(json.dumps(_summary(asked.seed, rules, torture)))
    if outcome.bad:
        sys.exit(1)


def _undisturbed(folder: Path) -> Checkout:
    """A checkout whose undisturbed results, and Snakemake's notes of them, are kept beside it."""
    start_s = time.monotonic()
    if (folder / "checkout").is_dir():
        checkout = Checkout.at(folder / "checkout")
    else:
        checkout = make_checkout(folder / "checkout")
    base = folder / "undisturbed"
    if not base.is_dir():
        if checkout.run(folder / "runs.log") != 0:
            sys.exit(f"The undisturbed run failed: see {folder / 'runs.log'}")
        shutil.copytree(checkout.results, base)
        print(f"undisturbed run: {time.monotonic() - start_s:.0f} s", flush=True)
    notes = folder / "notes"
    if not notes.is_dir():
        shutil.copytree(checkout.folder / ".snakemake" / "metadata", notes)
    return checkout


def _summary(seed: int, rules: set[str], torture: Torture) -> dict[str, object]:
    kills, outcome = torture.killer.kills, torture.outcome
    same, compared = identical_bytes(torture.base, torture.checkout.results)
    return {
        "name": "torture",
        "seed": seed,
        "kills": len(kills),
        "by_target": dict(Counter(kill.target for kill in kills)),
        "by_moment": dict(Counter(kill.moment for kill in kills)),
        "by_rule": dict(sorted(torture.killer.counts().items())),
        "never_struck": sorted(rules - set(torture.killer.counts())),
        "half_written_when_struck": sum(kill.half > 0 for kill in kills),
        "rounds": outcome.rounds,
        "runs": outcome.runs,
        "checks": outcome.checks,
        "wrong": outcome.wrong,
        "unexplained": outcome.unexplained,
        "files_compared": compared,
        "identical_bytes": same,
        "wall_s": round(outcome.wall_s),
        "machine": f"{platform.machine()}, {platform.system()}",
    }


if __name__ == "__main__":
    main()
