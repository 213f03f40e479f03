"""The figures of the founding accounts, read from founding.csv."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mythmeter.answers.quantity import Quantity
from mythmeter.config.schema import near
from mythmeter.config.tables import check_founding
from mythmeter.errors import AnswerError


@dataclass(frozen=True)
class Case:
    """One account: its figures by key."""

    name: str
    rows: Mapping[str, Mapping[str, Any]]

    def __getitem__(self, key: str) -> float:
        """Return a figure.

        Raises:
            AnswerError: the table does not have it.
        """
        return float(self._row(key)["value"])

    def quantity(self, key: str) -> Quantity:
        """Return a figure with its unit and its source.

        Raises:
            AnswerError: the table does not have it.
        """
        row = self._row(key)
        return Quantity(
            float(row["value"]),
            row["unit"],
            1,
            f"{row['source']}, {row.get('date', 'undated')}",
            row.get("note", ""),
            reason="a published figure has no spread",
        )

    def _row(self, key: str) -> Mapping[str, Any]:
        if key not in self.rows:
            raise AnswerError(f"founding.csv lacks {key!r} of {self.name}. {near(key, self.rows)}")
        return self.rows[key]


def read_founding(path: Path) -> dict[str, Case]:
    """Read founding.csv by case.

    Raises:
        ConfigError: a faulty row, by line and column.
    """
    rows = check_founding(path)
    return {
        name: Case(name, {row["key"]: row for row in rows if row["case"] == name})
        for name in dict.fromkeys(row["case"] for row in rows)
    }
