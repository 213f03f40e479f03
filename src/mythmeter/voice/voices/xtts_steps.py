"""Three ways to run one decoding step: as Python says it, compiled, or as a recorded CUDA graph."""

from typing import TYPE_CHECKING, Any, Protocol

import torch

if TYPE_CHECKING:
    from mythmeter.voice.voices.xtts_decoder import TokenDecoder

WIDTH_STEP = 256
"""A recorded step looks over a multiple of so many positions: one recording serves many steps."""


class Step(Protocol):
    """Runs one step of a decoder."""

    def __init__(self, decoder: "TokenDecoder") -> None: ...

    def run(self, rows: int, filled: int) -> None:
        """Advance the first `rows` rows, of whose cache `filled` positions are in use."""


class EagerStep:
    """Operation by operation, over exactly the positions in use."""

    def __init__(self, decoder: "TokenDecoder") -> None:
        self._decoder = decoder

    def run(self, rows: int, filled: int) -> None:
        """See Step. One row needs no mask: the same operations as the library's, bit for bit."""
        self._decoder.advance_rows(rows, filled, masked=rows > 1)


class CompiledStep:
    """By `torch.compile`, one program for each number of rows and width of the cache."""

    def __init__(self, decoder: "TokenDecoder") -> None:
        self._decoder = decoder
        self._compiled: Any = torch.compile(decoder.advance_rows, dynamic=False)

    def run(self, rows: int, filled: int) -> None:
        """See Step."""
        self._compiled(rows, _rounded(filled, self._decoder.capacity), masked=True)


class GraphStep:
    """As a CUDA graph: one launch a step, recorded for each number of rows and width."""

    WARM_UP = 3

    def __init__(self, decoder: "TokenDecoder") -> None:
        self._decoder = decoder
        self._graphs: dict[tuple[int, int], Any] = {}

    def run(self, rows: int, filled: int) -> None:
        """See Step."""
        key = (rows, _rounded(filled, self._decoder.capacity))
        if key not in self._graphs:
            self._graphs[key] = self._record(*key)
        self._graphs[key].replay()

    def _record(self, rows: int, width: int) -> Any:
        """Record a step. Warming up runs it, so the state that it changes is put back."""
        decoder = self._decoder
        state = decoder.state()
        kept = [tensor.clone() for tensor in state]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(self.WARM_UP):
                decoder.advance_rows(rows, width, masked=True)
        torch.cuda.current_stream().wait_stream(side)
        for tensor, before in zip(state, kept, strict=True):
            tensor.copy_(before)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            decoder.advance_rows(rows, width, masked=True)
        return graph


def _rounded(filled: int, capacity: int) -> int:
    """Return the width of the cache that a recorded step looks over."""
    return min(-(-filled // WIDTH_STEP) * WIDTH_STEP, capacity)
