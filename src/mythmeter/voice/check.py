"""A take judged by its sound: is it what was to be said, in the time that it should take?

Synthesisers that sample repeat themselves, stop early, or go on after the last word. Each of these
is looked for by name, so that a report can say why a take was not used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mythmeter.media.audio import Samples
from mythmeter.voice.activity import FRAME_S, HANGOVER_FRAMES, sounding_frames
from mythmeter.voice.transcribe import LONGEST_S, Transcriber
from mythmeter.voice.wording import edits, repeated, spoken_words

RATE_HZ = 16000

LETTERS_A_SECOND = 17.0
"""Of plain speech, one more counted for each word: 20 sentences of a stock voice lie in 15–22."""
LONG = 1.8
SHORT = 0.5
"""Times the usual length of the text, beyond which a take is too long or too short."""
GRACE_S = 0.6
"""Short sentences vary more."""
LONGEST_SILENCE_S = 0.6
"""After the last sound."""
LONGEST_PAUSE_S = 1.2
"""Between the first sound and the last."""
LONGEST_NOISE_S = 0.35
"""Of sound that is not speech, before the first word or after the last."""
CUT_WINDOW_S = 0.02
CUT_DB = -14.0
"""A take that ends this near the level of its speech was cut off in a sound."""
LONGEST_STRETCH_S = 0.8
"""Of sound that up to three neighbouring words have beyond what their letters need. Whisper likes
to leave a repetition out of its transcript, and then its words stretch over it: by 1.0 s and more
where 0.8–1.5 s were repeated, by 0.44 s at most in 20 good takes."""
STRETCHED_WORDS = 3
WORDS_FORGIVEN = 1
"""In one sentence: a name that Whisper spells otherwise is no fault of the speech."""

Kind = Literal[
    "silent",
    "too long",
    "too short",
    "silence tail",
    "noise",
    "pause",
    "truncation",
    "repetition",
    "words left out",
    "words wrong",
]


@dataclass(frozen=True)
class Fault:
    """What is wrong with a take."""

    kind: Kind
    detail: str


def sound_faults(text: str, samples_16k: Samples, speed: float = 1.0) -> list[Fault]:
    """Look for what can be told from the sound and the length of its text, in any language.

    Args:
        text: what is to be said.
        samples_16k: (n,).
        speed: at which it was asked for.
    """
    frames = np.flatnonzero(sounding_frames(samples_16k, RATE_HZ))
    if not len(frames) or not samples_16k.any():
        return [Fault("silent", "nothing is heard")]
    faults = []
    # The activity keeps some frames around each sound.
    last_s = (frames[-1] + 1 - HANGOVER_FRAMES) * FRAME_S
    first_s = max(0, frames[0] + HANGOVER_FRAMES) * FRAME_S
    tail_s = len(samples_16k) / RATE_HZ - last_s
    if tail_s > LONGEST_SILENCE_S + HANGOVER_FRAMES * FRAME_S:
        faults.append(Fault("silence tail", f"{tail_s:.1f} s of silence at the end"))
    pause_s = float(np.diff(frames).max(initial=1) - 1 + 2 * HANGOVER_FRAMES) * FRAME_S
    if pause_s > LONGEST_PAUSE_S:
        faults.append(Fault("pause", f"{pause_s:.1f} s of silence inside"))
    usual_s = _letters(text) / LETTERS_A_SECOND / speed
    spoken_s = max(0.0, last_s - first_s)
    if spoken_s > LONG * usual_s + GRACE_S:
        faults.append(Fault("too long", f"{spoken_s:.1f} s, usual are {usual_s:.1f} s"))
    if spoken_s < SHORT * usual_s - GRACE_S / 2:
        faults.append(Fault("too short", f"{spoken_s:.1f} s, usual are {usual_s:.1f} s"))
    faults += _noise(samples_16k, first_s, last_s)
    if _cut_off(samples_16k):
        faults.append(Fault("truncation", "it ends in the middle of a sound"))
    return faults


def word_faults(wanted: Sequence[str], heard: Sequence[str], worst_rate: float) -> list[Fault]:
    """Look for what can be told from the words that were understood.

    Args:
        wanted: words of the text, from `spoken_words`.
        heard: words of the transcript.
        worst_rate: share of wrong words above which a take is bad.
    """
    steps = edits(wanted, heard)
    faults = []
    again = repeated(wanted, heard)
    if again is not None:
        faults.append(Fault("repetition", f"“{again}” is heard again"))
    missing = [edit.kind == "missing" for edit in steps]
    lost = missing[::-1].index(False) if False in missing else len(missing)
    if lost:
        words = " ".join(edit.wanted for edit in steps[len(steps) - lost :])
        faults.append(Fault("truncation", f"without “{words}” at its end"))
    inside = _longest_run(missing[: len(missing) - lost])
    if inside > WORDS_FORGIVEN:
        faults.append(Fault("words left out", f"{inside} words in a row"))
    errors = sum(edit.kind != "same" for edit in steps)
    if errors > max(WORDS_FORGIVEN, worst_rate * len(wanted)):
        faults.append(Fault("words wrong", f"{errors} of {len(wanted)}"))
    return faults


def stretch_fault(transcriber: Transcriber, samples_16k: Samples, heard: str) -> list[Fault]:
    """Look for a repetition that the transcript passes over: see LONGEST_STRETCH_S."""
    words = heard.split()
    if not words or len(samples_16k) > LONGEST_S * RATE_HZ:
        return []
    spans_s = np.array(transcriber.find(samples_16k, words))
    heard_s = np.concatenate([[0.0], np.cumsum(sounding_frames(samples_16k, RATE_HZ)) * FRAME_S])
    at_s = np.interp(spans_s, np.arange(len(heard_s)) * FRAME_S, heard_s)
    sound_s = at_s[:, 1] - at_s[:, 0]
    letters = np.array([max(2, _letters(word)) for word in words], dtype=float)
    letter_s = max(0.06, min(sound_s.sum() / letters.sum(), 1.2 * np.median(sound_s / letters)))
    beyond_s = sound_s - letter_s * letters
    for size in range(1, min(STRETCHED_WORDS, len(words)) + 1):
        run_s = np.convolve(beyond_s, np.ones(size), mode="valid")
        first = int(run_s.argmax())
        if run_s[first] > LONGEST_STRETCH_S:
            said = " ".join(words[first : first + size])
            return [Fault("repetition", f"{run_s[first]:.1f} s too much sound at “{said}”")]
    return []


def _letters(text: str) -> int:
    """Return how many letters are said: numbers and abbreviations as English reads them."""
    return sum(len(word) + 1 for word in spoken_words(text))


def _noise(samples_16k: Samples, first_s: float, last_s: float) -> list[Fault]:
    """Find sound before the first word or after the last that is no speech (Silero's detector)."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    level = float(np.abs(samples_16k).max())
    options = VadOptions(min_silence_duration_ms=100, speech_pad_ms=0)
    found = get_speech_timestamps(samples_16k / level * 0.7, options)
    if not found:
        return [Fault("noise", "no speech in it")]
    before_s = found[0]["start"] / RATE_HZ - first_s
    after_s = last_s - found[-1]["end"] / RATE_HZ
    return [
        Fault("noise", f"{length_s:.1f} s {where}")
        for length_s, where in ((before_s, "before the first word"), (after_s, "after the last"))
        if length_s > LONGEST_NOISE_S
    ]


def _cut_off(samples_16k: Samples) -> bool:
    """Tell whether the very end is nearly as loud as the speech."""
    size = round(CUT_WINDOW_S * RATE_HZ)
    frames = samples_16k[: len(samples_16k) // size * size].reshape(-1, size)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    loud = np.percentile(power, 90)
    end = np.mean(np.square(samples_16k[-size:], dtype=np.float64))
    return bool(10 * np.log10((end + 1e-12) / (loud + 1e-12)) > CUT_DB)


def _longest_run(flags: Sequence[bool]) -> int:
    longest = now = 0
    for flag in flags:
        now = now + 1 if flag else 0
        longest = max(longest, now)
    return longest
