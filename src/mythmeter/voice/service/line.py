"""The line in which requests wait for the one speaker, and the thread that serves it."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from mythmeter.media.audio import Samples
from mythmeter.voice.speech import Speech, silence
from mythmeter.voice.synthesiser import Request, Synthesiser, Voice
from mythmeter.voice.watermark import SHORTEST_S

UNIT_S = SHORTEST_S + 0.1
"""Speech is marked and sent in units of at least this: shorter marks do not read back."""
CHARACTERS_PER_S = 15.0
"""Rough pace of speech, to see whether what is left will fill a unit."""
LEVEL_DBFS = -23.0
PEAK = 10 ** (-1 / 20)
LARGEST_GAIN = 30.0

Mark = Callable[[Samples, int], Samples]


class FullError(Exception):
    """The line is as long as it may be."""


@dataclass
class Job:
    """One request in the line."""

    voice: Voice
    requests: Sequence[Request]
    pause_s: float
    send: Callable[[Samples | BaseException | None], None]
    """Called from the speaker's thread: marked samples, then None; or the error that ended it."""
    arrived: float = field(default_factory=time.perf_counter)
    dropped: bool = False
    """Set when nobody waits for the answer any more."""
    _pending: list[Samples] = field(default_factory=list)
    _spoken: int = 0
    _gain: float | None = None

    def add(self, speech: Speech, mark: Mark) -> float:
        """Take the next piece; send a marked unit when there is enough; return seconds sent."""
        if self._spoken:
            self._pending.append(silence(self.pause_s, speech.rate_hz))
        self._pending.append(speech.samples)
        self._spoken += 1
        left = self.requests[self._spoken :]
        have_s = sum(map(len, self._pending)) / speech.rate_hz
        left_s = sum(len(request.text) for request in left) / CHARACTERS_PER_S
        if left and (have_s < UNIT_S or left_s < UNIT_S):
            return 0.0
        samples = np.concatenate(self._pending)
        self._pending = []
        short = round(UNIT_S * speech.rate_hz) - len(samples)
        if short > 0:
            samples = np.concatenate([samples, np.zeros(short, dtype=np.float32)])
        self.send(mark(self._levelled(samples), speech.rate_hz))
        return len(samples) / speech.rate_hz

    def _levelled(self, samples: Samples) -> Samples:
        """Bring the first unit to LEVEL_DBFS (RMS) and the others by the same gain."""
        if self._gain is None:
            loud = samples[np.abs(samples) > 1e-4]
            rms = float(np.sqrt(np.mean(loud**2))) if len(loud) else 1.0
            self._gain = min(10 ** (LEVEL_DBFS / 20) / rms, LARGEST_GAIN)
        gain = min(self._gain, PEAK / (float(np.abs(samples).max()) + 1e-12))
        return np.asarray(samples * gain, dtype=np.float32)


class Line:
    """A bounded line and its speaker, who serves up to `together` requests of one voice at once.

    Args:
        speaker: used by one thread only.
        mark: puts the watermark in.
        waiting: requests that may wait; one more is refused.
        spoken: told of the seconds of speech sent and the seconds that it took.
    """

    def __init__(
        self,
        speaker: Synthesiser,
        mark: Mark,
        waiting: int,
        spoken: Callable[[float, float], None] = lambda audio_s, wall_s: None,
    ) -> None:
        self._speaker = speaker
        self._mark = mark
        self._most = waiting
        self._told = spoken
        self._together = int(getattr(speaker, "together", 1))
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="speaker", daemon=True)
        self._thread.start()

    def __len__(self) -> int:
        return len(self._jobs)

    def join(self, job: Job) -> None:
        """Put a job at the end of the line.

        Raises:
            FullError: the line is full, or closed.
        """
        with self._changed:
            if self._closed or len(self._jobs) >= self._most:
                raise FullError
            self._jobs.append(job)
            self._changed.notify()

    def close(self, timeout_s: float = 10.0) -> None:
        """Take no more jobs; give those that wait an end."""
        with self._changed:
            self._closed = True
            left, self._jobs = list(self._jobs), deque()
            self._changed.notify()
        for job in left:
            job.send(FullError())
        self._thread.join(timeout_s)

    def _serve(self) -> None:
        while jobs := self._next():
            began = time.perf_counter()
            sent_s = 0.0
            try:
                for job, speech in self._speak(jobs):
                    if not job.dropped:
                        sent_s += job.add(speech, self._mark)
            except Exception as error:  # whatever it is, those who wait must hear of it
                for job in jobs:
                    job.send(error)
            else:
                for job in jobs:
                    job.send(None)
            self._told(sent_s, time.perf_counter() - began)

    def _next(self) -> list[Job]:
        """Wait for work; return none when the line is closed."""
        with self._changed:
            while True:
                while self._jobs and self._jobs[0].dropped:
                    self._jobs.popleft()
                if self._jobs:
                    break
                if self._closed:
                    return []
                self._changed.wait()
            jobs = [self._jobs.popleft()]
            for job in list(self._jobs):
                if len(jobs) < self._together and job.voice is jobs[0].voice and not job.dropped:
                    self._jobs.remove(job)
                    jobs.append(job)
            return jobs

    def _speak(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Speech]]:
        """Speak the jobs' pieces: first those that come first, so that none waits for another."""
        longest = max(len(job.requests) for job in jobs)
        order = [
            (job, job.requests[turn])
            for turn in range(longest)
            for job in jobs
            if turn < len(job.requests)
        ]
        spoken = self._speaker.takes(jobs[0].voice, [request for _, request in order])
        for (job, _), speech in zip(order, spoken, strict=True):
            yield job, speech
            if all(job.dropped for job in jobs):
                return
