"""Rounds of a torture: throw results away, have them made under fire, compare them."""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from torturing.checkout import Checkout
from torturing.jobs import kill_tree, wait_for_orphans
from torturing.killer import Kill, Killer
from torturing.same import ADDITIONAL, MISSING, differences, half_written

RUNS_A_ROUND = 120
PATIENT = ("--keep-going", "--retries", "5")
"""Most runs try a killed job again by themselves; every fourth ends with its first kill."""
LONG_S = 150.0
"""Rules whose jobs took longer undisturbed are thrown away last, one by one."""


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

    def _check(self, struck: Sequence[Kill]) -> None:
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
