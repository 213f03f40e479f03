"""Fixtures that write the files the lips stage reads into the test's folder."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from talking_faces import Clip, write_clip, write_timeline, write_words


@pytest.fixture
def make_clip(tmp_path: Path) -> Callable[..., Clip]:
    """Return a function that writes a face clip of a name, with given mouth openings."""
    return lambda name, openings, **options: write_clip(tmp_path / name, openings, **options)


@pytest.fixture
def make_timeline(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a timeline showing the given rows of a swap."""

    def make(swap_frames, rate=None, chunks=1, name="timeline"):
        options = {} if rate is None else {"rate": rate}
        return write_timeline(tmp_path / f"{name}.parquet", swap_frames, chunks=chunks, **options)

    return make


@pytest.fixture
def make_words(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes words.json from (start, end, phonemes) in seconds."""
    return partial(write_words, tmp_path / "words.json")
