"""Whom to kill and when: a seeded list that goes over every rule and every moment of its work."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle, islice

TARGETS = ("job", "snakemake", "everything")
"""`snakemake`: its jobs then run on as orphans; `everything`: as when power fails."""
MOMENTS = ("start", "middle", "writing", "after")
"""While a job loads its libraries; at its work; while a file is half-written or the first is there;
when all its files are there and nobody has noted that yet."""


@dataclass(frozen=True)
class Strike:
    """One kill to come."""

    number: int
    rule: str
    moment: str
    target: str
    share: float
    """Where in the time of the moment, 0 to 1."""


def make_plan(
    rules: Iterable[str],
    kills: int,
    seed: int,
    share: tuple[float, float, float] = (0.8, 0.1, 0.1),
) -> list[Strike]:
    """Return `kills` strikes, evenly over rules and moments; `share` is how often each target."""
    chance = random.Random(seed)
    cells = [(rule, moment) for moment in MOMENTS for rule in sorted(set(rules))]
    chance.shuffle(cells)
    targets = chance.choices(TARGETS, share, k=kills)
    return [
        Strike(number, rule, moment, target, chance.random())
        for number, ((rule, moment), target) in enumerate(
            zip(islice(cycle(cells), kills), targets, strict=True)
        )
    ]
