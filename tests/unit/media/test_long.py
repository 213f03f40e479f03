"""What grows with a clip waits on disk, and is the same to the bit as if it had been in memory."""

from pathlib import Path

import numpy as np
import pytest

from mythmeter.errors import MediaError
from mythmeter.media.audio import read_wav, resample, write_wav
from mythmeter.media.long_rows import LongRows, deviation_of, mean_of
from mythmeter.media.long_sound import LongSound, blocks, wav_blocks, wav_length


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    noise = np.random.default_rng(1).standard_normal(24_000 * 5 + 77) * 0.1
    write_wav(tmp_path / "sound.wav", noise.astype(np.float32), 24_000)
    return tmp_path / "sound.wav"


@pytest.mark.parametrize("rate_hz", [24_000, 16_000, 48_000])
def test_a_sound_read_in_blocks_is_that_read_and_resampled_whole(wav: Path, rate_hz: int) -> None:
    samples, own_hz = read_wav(wav)
    whole = resample(samples, own_hz, rate_hz)
    assert np.array_equal(np.concatenate(list(wav_blocks(wav, rate_hz, size=999))), whole)
    assert np.array_equal(np.asarray(LongSound.of_wav(wav, rate_hz)), whole)
    assert wav_length(wav) == (len(samples), 24_000)


def test_a_long_sound_is_sliced_like_an_array_and_slices_of_slices_too() -> None:
    samples = np.arange(1000, dtype=np.float32)
    sound = LongSound.empty()
    sound.append(samples[:300])
    early = sound[100:]
    sound.append(samples[300:])
    assert len(sound) == 1000
    for part in (slice(3, 9), slice(-5, None), slice(990, 2000), slice(7, 2)):
        assert np.array_equal(np.asarray(sound[part]), samples[part])
    assert np.array_equal(np.asarray(sound[100:900][50:60]), samples[150:160])
    assert np.array_equal(np.asarray(early), samples[100:300])
    assert np.array_equal(np.concatenate(list(blocks(sound[10:], 64))), samples[10:])
    assert np.asarray(sound[5:7], np.float64).dtype == np.float64


def test_what_is_no_sound_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("nothing to hear")
    with pytest.raises(MediaError, match="cannot be read as a WAV file"):
        wav_length(tmp_path / "text.wav")
    with pytest.raises(MediaError, match="cannot be read as a WAV file"):
        LongSound.of_wav(tmp_path / "text.wav", 16_000)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_means_and_deviations_of_rows_on_disk_are_numpys_to_the_bit(kind: type) -> None:
    values = np.random.default_rng(2).standard_normal((2500, 37)).astype(kind)
    rows = LongRows((37,), kind)
    for row in values:
        rows.append(row)
    assert np.array_equal(np.concatenate(list(rows.blocks(100))), values)
    assert np.array_equal(rows[2490:9999], values[2490:])
    assert np.array_equal(np.stack(list(rows)), values)
    assert np.array_equal(mean_of(rows.blocks), values.mean(axis=0))
    assert np.array_equal(deviation_of(rows.blocks), values.std(axis=0))
