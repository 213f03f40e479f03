"""One of the six founding questions, answered: a sentence, its numbers, its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from mythmeter.answers.picture import Picture
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.saying import Saying, written


@dataclass(frozen=True)
class Question:
    """What the page shows under one heading."""

    key: str
    """Anchor on the page and first part of its files' names: `gpus`."""
    title: str
    answer: Saying
    scope: str
    """What the numbers cover, and on which machine."""
    command: str
    """Reproduces them."""
    further: Sequence[Saying] = ()
    """Sentences below the answer: what it hangs on, and what was not measured."""
    pictures: Sequence[Picture] = ()
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """Further tables, by the stem of their files; each has `n` and `source`."""

    @classmethod
    def unmeasured(cls, key: str, title: str, command: str) -> "Question":
        """Return a question whose experiment was not run, and what runs it."""
        answer = Saying(f"Not measured yet: {command} does.")
        return cls(key, title, answer, scope="nothing was measured", command=command)

    def quantities(self) -> dict[str, Quantity]:
        """Return every number that a sentence of this question shows, by name."""
        found: dict[str, Quantity] = {}
        for saying in (self.answer, *self.further):
            for name, quantity in saying.quantities.items():
                if found.setdefault(name, quantity) != quantity:
                    raise ValueError(f"{self.key}: two different numbers are called {name!r}")
        return found


def quantity_table(questions: Sequence[Question]) -> pd.DataFrame:
    """Return all numbers of the page as a table, a row each."""
    rows = [
        {
            "question": question.key,
            "quantity": name,
            "value": quantity.value,
            "unit": quantity.unit,
            "low": quantity.low,
            "high": quantity.high,
            "spread": quantity.spread,
            "n": quantity.n,
            "scope": quantity.scope or question.scope,
            "source": quantity.source,
            "reason": quantity.reason,
            "written": written(quantity),
        }
        for question in questions
        for name, quantity in question.quantities().items()
    ]
    return pd.DataFrame(rows)
