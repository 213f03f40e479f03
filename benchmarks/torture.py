"""A tiny real run, killed at seeded moments and run again: `make torture`.

An undisturbed run comes first. Then, round by round, some of what it made is thrown away and made
anew while jobs, Snakemake, or everything at once are killed with SIGKILL, evenly over the rules;
after each kill every file that stands at its final place must already be the undisturbed one. A
plain rerun must then end with exit 0 and the undisturbed results. Last line: one JSON object.

    python benchmarks/torture.py --kills 100 --seed 1 --folder /somewhere/empty
"""

import argparse
import json
import platform
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from torturing.checkout import Checkout, make_checkout
from torturing.killer import Killer, wait_for_orphans
from torturing.same import ADDITIONAL, MISSING, differences, half_written, identical_bytes

KILLS_A_ROUND = 60
RUNS_A_ROUND = 40


@dataclass
class Outcome:
    """What the torture found."""

    runs: int = 0
    rounds: int = 0
    checks: int = 0
    """How often all files at their final places were compared right after a kill."""
    wrong: dict[str, str] = field(default_factory=dict)
    """Files that were not the undisturbed ones, with why; must stay empty."""
    unexplained: int = 0
    """Runs that failed without having been struck; must stay 0."""


def torture(
    checkout: Checkout, base: Path, log: Path, killer: Killer, kills: int, first: str | None
) -> Outcome:
    """Strike a finished run `kills` times, round by round."""
    outcome = Outcome()
    chance = random.Random(killer.seed)
    while len(killer.kills) < kills and not outcome.wrong and not outcome.unexplained:
        outcome.rounds += 1
        rule = throw_away(checkout, killer, chance, first if outcome.rounds == 1 else None)
        begun = len(killer.kills)
        quota = min(KILLS_A_ROUND, kills - begun)
        print(f"round {outcome.rounds}: {rule} and what follows, {quota} kills", flush=True)
        run_to_the_end(checkout, base, log, killer, begun + quota, outcome, chance)
        if outcome.wrong or outcome.unexplained:
            break
        outcome.wrong |= differences(base, checkout.results)
        outcome.wrong |= dict.fromkeys(half_written(checkout.results), "left by a killed job")
        print(
            f"round {outcome.rounds}: {len(killer.kills)} kills in all, {outcome.runs} runs, "
            f"wrong: {outcome.wrong or 'nothing'}",
            flush=True,
        )
    return outcome


def throw_away(
    checkout: Checkout, killer: Killer, chance: random.Random, wanted: str | None
) -> str:
    """Delete the usage records of the rule struck least, so that it and what follows run again.

    Their table and the report go too: Snakemake makes what lies between again only for a target
    that is missing.
    """
    counts = killer.counts()
    usage = checkout.results / "usage"
    rules = sorted(path.name for path in usage.iterdir())
    fewest = min(counts[rule] for rule in rules)
    rule = wanted or chance.choice([rule for rule in rules if counts[rule] == fewest])
    shutil.rmtree(usage / rule, ignore_errors=True)
    shutil.rmtree(checkout.results / "profile", ignore_errors=True)
    (checkout.project / "reports" / "report.html").unlink(missing_ok=True)
    return rule


def run_to_the_end(
    checkout: Checkout,
    base: Path,
    log: Path,
    killer: Killer,
    until: int,
    outcome: Outcome,
    chance: random.Random,
) -> None:
    """Run, be struck, and run again, until a run ends well."""
    checkout.unlock()
    killer.begin_round()
    for _ in range(RUNS_A_ROUND):
        before = len(killer.kills)
        run = checkout.start(log)
        outcome.runs += 1
        killer.attend(run, until - before)
        struck = killer.kills[before:]
        if run.returncode == 0:
            return
        if not struck:
            outcome.unexplained += 1
            return
        if any(kill.target != "job" for kill in struck):
            # Half of the time the next run meets the orphans of the last.
            if chance.random() < 0.5:
                wait_for_orphans(str(checkout.folder))
            checkout.unlock()
        outcome.checks += 1
        standing = differences(base, checkout.results)
        # What is missing is still to be made; what is more is temporary, and goes when all is.
        outcome.wrong |= {
            name: f"after {struck}: {why}"
            for name, why in standing.items()
            if why not in (MISSING, ADDITIONAL)
        }
        if outcome.wrong:
            return
    outcome.unexplained += 1


def main() -> None:
    """Print what happened; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--a-rule", type=int, default=4, help="most kills of a rule in a round")
    parser.add_argument("--first", help="rule that the first round begins with")
    parser.add_argument("--folder", type=Path, help="empty, or one of an earlier torture")
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="mythmeter-torture-"))
    log, base = folder / "runs.log", folder / "undisturbed"
    start = time.monotonic()
    if (folder / "checkout").is_dir():
        checkout = Checkout.at(folder / "checkout")
    else:
        checkout = make_checkout(folder / "checkout")
    if not base.is_dir():
        if checkout.run(log) != 0:
            sys.exit(f"The undisturbed run failed: see {log}")
        shutil.copytree(checkout.results, base)
    print(f"undisturbed run: {time.monotonic() - start:.0f} s", flush=True)
    killer = Killer(asked.seed, most_a_round=asked.a_rule)
    outcome = torture(checkout, base, log, killer, asked.kills, asked.first)
    wait_for_orphans(str(checkout.folder))
    same, compared = identical_bytes(base, checkout.results)
    targets = [kill.target for kill in killer.kills]
    summary = {
        "name": "torture",
        "seed": asked.seed,
        "kills": len(killer.kills),
        "by_target": {target: targets.count(target) for target in sorted(set(targets))},
        "by_rule": dict(sorted(killer.counts().items())),
        "rounds": outcome.rounds,
        "runs": outcome.runs,
        "checks": outcome.checks,
        "wrong": outcome.wrong,
        "unexplained": outcome.unexplained,
        "files_compared": compared,
        "identical_bytes": same,
        "wall_s": round(time.monotonic() - start),
        "machine": f"{platform.machine()}, {platform.system()}",
    }
    print(json.dumps(summary))
    if outcome.wrong or outcome.unexplained:
        sys.exit(1)


if __name__ == "__main__":
    main()
