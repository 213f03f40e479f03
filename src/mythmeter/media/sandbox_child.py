"""The child of `sandbox.call_apart`: one call, asked for and answered in JSON."""

import json
import os
import sys
from importlib import import_module
from typing import Any

from mythmeter.errors import MythmeterError


def main() -> None:
    """Read a call from standard input, do it, and write its result or its error."""
    job = json.load(sys.stdin)
    # What libraries print must not mix with the answer.
    answer_to = os.dup(1)
    os.dup2(2, 1)
    module, name = job["function"].split(":")
    answer: dict[str, Any]
    try:
        answer = {"result": getattr(import_module(module), name)(**job["arguments"])}
    except MythmeterError as error:
        answer = {"error": type(error).__name__, "message": str(error)}
    except MemoryError:
        answer = {"error": "MemoryError"}
    with open(answer_to, "w", encoding="utf-8") as pipe:  # noqa: PTH123 (a descriptor, no path)
        json.dump(answer, pipe)


if __name__ == "__main__":
    main()
