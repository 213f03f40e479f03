"""Case number N of a seed: which original, which mutation."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from media_fuzz import blind, boxes, ebml, strange, streams

SHARES = {"structured": 0.62, "blind": 0.22, "spliced": 0.06, "strange": 0.10}
"""Structured: boxes, elements, headers rewritten. Spliced: two files joined."""
LARGE_BYTES = 200_000
LARGE_SHARE = 0.05
"""Of the originals that take long to decode."""
STRUCTURED = {
    **dict.fromkeys(("mp4", "mov"), boxes.mutate),
    **dict.fromkeys(("mkv", "webm"), ebml.mutate),
    **dict.fromkeys(("mpg", "ts"), streams.mutate),
}


@dataclass(frozen=True)
class Case:
    """A mutated file."""

    number: int
    share: str
    """A key of SHARES."""
    name: str
    """Of the file; its ending is the original's."""
    done: str
    """What was done to it, in words."""
    data: bytes


def make_case(seed: int, number: int, originals: Mapping[str, bytes]) -> Case:
    """Return a case; the same for the same seed, number and originals."""
    rng = Random(f"{seed}:{number}")
    share = rng.choices(list(SHARES), list(SHARES.values()))[0]
    original = _choose(originals, rng)
    ending = original.rpartition(".")[2]
    data = originals[original]
    if share == "structured":
        data, done = STRUCTURED[ending](data, rng)
    elif share == "blind":
        name = rng.choice(list(blind.MUTATORS))
        data, done = blind.MUTATORS[name](data, rng)
        done = f"{name}: {done}"
    elif share == "spliced":
        other = _choose(originals, rng)
        data, done = blind.splice(data, originals[other], rng)
        done = f"{done} ({other})"
    else:
        kind = rng.choice(list(strange.KINDS))
        data, done = strange.KINDS[kind](originals, rng), kind
    return Case(number, share, f"case{number:04}.{ending}", f"{original}: {done}", data)


def _choose(originals: Mapping[str, bytes], rng: Random) -> str:
    large = sorted(name for name, data in originals.items() if len(data) > LARGE_BYTES)
    small = sorted(set(originals) - set(large))
    return rng.choice(large if large and rng.random() < LARGE_SHARE else small)
