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
from dataclasses import asdict, dataclass, field
from pathlib import Path

from torturing.checkout import Checkout, make_checkout
from torturing.jobs import Work, kill_leftovers, kill_tree, wait_for_orphans
from torturing.killer import Killer
from torturing.plan import make_plan
from torturing.same import ADDITIONAL, MISSING, differences, half_written, identical_bytes

RUNS_A_ROUND = 120
PATIENT = ("--keep-going", "--retries", "5")
"""Most runs try a killed job again by themselves; every fourth ends with its first kill."""
LONG_S = 150.0
SPARED = {"fetch_model"}
"""Downloads are shared with the repository, and checked by their sha256."""


@dataclass
class Outcome:
    """What the torture found."""

    runs: int = 0
    rounds: int = 0
    checks: int = 0
    """How often all files at their final places were compared after a struck run."""
    wall_s: float = 0.0
    wrong: dict[str, str] = field(default_factory=dict)
    """Files that were not the undisturbed ones, with why; must stay empty."""
    unexplained: int = 0
    """Runs that failed without having been struck; must stay 0."""

    @property
    def bad(self) -> bool:
        """Whether something is wrong already."""
        return bool(self.wrong or self.unexplained)


class Torture:
    """A finished run, made again under fire."""

    def __init__(self, checkout: Checkout, folder: Path, killer: Killer, outcome: Outcome) -> None:
        self.checkout, self.killer, self.outcome = checkout, killer, outcome
        self.base, self.log = folder / "undisturbed", folder / "runs.log"
        self.state = folder / "outcome.json"
        self._start_s = time.monotonic() - outcome.wall_s

    def go_on(self) -> None:
        """Round by round, until the plan is carried out."""
        while self.killer.pending() and not self.outcome.bad:
            self.outcome.rounds += 1
            self._throw_away(self._next_rules() if self.outcome.rounds > 1 else None)
            self.finish_round()
        if not self.outcome.bad:
            self._try_once_more()

    def finish_round(self) -> None:
        """Run until a run ends well, and compare what it made with the undisturbed results."""
        self._run_to_the_end()
        if self.outcome.bad:
            return
        standing = differences(self.base, self.checkout.results)
        self.outcome.wrong |= standing
        self.outcome.wrong |= dict.fromkeys(
            half_written(self.checkout.project), "left by a killed job"
        )
        self.save()
        print(
            f"round {self.outcome.rounds}: {len(self.killer.kills)} kills in all, "
            f"{self.outcome.runs} runs, wrong: {self.outcome.wrong or 'nothing'}",
            flush=True,
        )

    def restore(self) -> None:
        """Put the undisturbed results back, with Snakemake's notes of them.

        What is then thrown away are the rules still to be struck: what took longest is not made
        anew for the sake of others.
        """
        notes = self.checkout.folder / ".snakemake"
        shutil.rmtree(self.checkout.results)
        shutil.copytree(self.base, self.checkout.results)
        shutil.rmtree(notes / "metadata")
        shutil.copytree(self.log.with_name("notes"), notes / "metadata")
        shutil.rmtree(notes / "incomplete")
        (notes / "incomplete").mkdir()

    def save(self) -> None:
        """Note how far it is."""
        self.outcome.wall_s = time.monotonic() - self._start_s
        self.state.write_text(json.dumps(asdict(self.outcome)))

    def _next_rules(self) -> list[str]:
        """Rules still to be struck; those with long jobs alone, and last."""
        seconds = self.killer.work.seconds
        pending = sorted(self.killer.pending(), key=lambda rule: seconds[rule])
        return [rule for rule in pending if seconds[rule] < LONG_S] or pending[:1]

    def _throw_away(self, rules: list[str] | None) -> None:
        """Delete all results, or the usage records of some rules so that they run again.

        The records' table and the pages go too: Snakemake makes what lies between again only for a
        target that is missing.
        """
        results = self.checkout.results
        for folder in [results] if rules is None else [results / "usage" / name for name in rules]:
            shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(results / "profile", ignore_errors=True)
        for page in (self.checkout.project / "reports").glob("*.html"):
            page.unlink()
        what = "everything" if rules is None else ", ".join(rules)
        print(f"round {self.outcome.rounds}: {what} thrown away", flush=True)

    def _run_to_the_end(self) -> None:
        self.checkout.unlock()
        for _ in range(RUNS_A_ROUND):
            before = len(self.killer.kills)
            plain = self.outcome.runs % 4 == 3
            run = self.checkout.start(self.log, *(() if plain else PATIENT))
            self.outcome.runs += 1
            self.save()
            try:
                self.killer.attend(run)
            finally:
                kill_tree(run.pid)
            struck = self.killer.kills[before:]
            print(
                f"run {self.outcome.runs}: exit {run.returncode}, {len(struck)} kills, "
                f"{len(self.killer.kills)} in all",
                flush=True,
            )
            if run.returncode == 0:
                return
            if not struck:
                break
            # The next run meets the orphans of this one, where Snakemake alone was killed.
            self.checkout.unlock()
            self._check(struck)
            self.save()
            if self.outcome.bad:
                return
        self.outcome.unexplained += 1

    def _check(self, struck: list) -> None:
        self.outcome.checks += 1
        standing = differences(self.base, self.checkout.results)
        # What is missing is still to be made; what is more is temporary, and goes when all is.
        self.outcome.wrong |= {
            name: f"after {struck}: {why}"
            for name, why in standing.items()
            if why not in (MISSING, ADDITIONAL)
        }

    def _try_once_more(self) -> None:
        """A plain rerun, undisturbed, must find nothing to do."""
        wait_for_orphans(str(self.checkout.folder))
        self.checkout.unlock()
        begun = self.log.stat().st_size
        self.outcome.runs += 1
        status = self.checkout.run(self.log)
        with self.log.open("rb") as file:
            file.seek(begun)
            if status != 0 or b"Nothing to be done" not in file.read():
                self.outcome.unexplained += 1
        self.outcome.wrong |= differences(self.base, self.checkout.results)


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
