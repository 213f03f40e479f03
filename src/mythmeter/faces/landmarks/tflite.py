"""A TensorFlow Lite model as a function of one array."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ModelError


class TfliteModel:
    """Run a model on one thread: these models are too small to gain from more."""

    def __init__(self, path: Path) -> None:
        """Load and allocate.

        Raises:
            ModelError: the file is not a model that the runtime can load.
        """
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._interpreter: Any = Interpreter(str(path), num_threads=1)
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelError(f"{path}: cannot be loaded as a TFLite model ({error}).") from error
        self._interpreter.allocate_tensors()
        entry = self._interpreter.get_input_details()[0]
        self._input = entry["index"]
        self.side_px = int(entry["shape"][1])
        """Side of the square input picture."""
        self._outputs = [o["index"] for o in self._interpreter.get_output_details()]

    def __call__(self, picture: NDArray[Any]) -> list[NDArray[np.float32]]:
        """Return all outputs for a (side, side, 3) picture, each without its batch axis."""
        self._interpreter.set_tensor(self._input, picture[None].astype(np.float32, copy=False))
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]
