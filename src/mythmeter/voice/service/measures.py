"""What a server counts, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS_S = (0.1, 0.2, 0.4, 0.8, 1.5, 3, 6, 12, 25, 50, 100)
PATHS = ("/v1/audio/speech", "/v1/voices", "/v1/models", "/healthz", "/metrics")


class Measures:
    """Counters of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers = Counter(
            "mythmeter_requests", "Answers by path and status", ["path", "status"],
            registry=self.registry,
        )  # fmt: skip
        self._waiting = Gauge(
            "mythmeter_waiting_requests", "Requests in the line", registry=self.registry
        )
        self._first = Histogram(
            "mythmeter_first_audio_seconds", "From request to the first audio",
            buckets=BUCKETS_S, registry=self.registry,
        )  # fmt: skip
        self._whole = Histogram(
            "mythmeter_speech_seconds", "From request to the last audio",
            buckets=BUCKETS_S, registry=self.registry,
        )  # fmt: skip
        self._audio = Counter(
            "mythmeter_audio_seconds", "Seconds of speech made", registry=self.registry
        )
        self._busy = Counter(
            "mythmeter_busy_seconds", "Seconds that the speaker worked", registry=self.registry
        )

    def watch(self, waiting: Callable[[], int]) -> None:
        """Read the length of the line whenever it is asked for."""
        self._waiting.set_function(waiting)

    def answered(self, path: str, status: int) -> None:
        """Count an answer. Unknown paths share one label, so that nobody can make labels up."""
        self._answers.labels(path if path in PATHS else "other", str(status)).inc()

    def first_audio(self, seconds: float) -> None:
        """Count the wait for the first audio."""
        self._first.observe(seconds)

    def whole(self, seconds: float) -> None:
        """Count the time to the last audio."""
        self._whole.observe(seconds)

    def spoken(self, audio_s: float, busy_s: float) -> None:
        """Count speech made; busy over audio is the real-time factor."""
        self._audio.inc(audio_s)
        self._busy.inc(busy_s)

    def total(self, name: str) -> float:
        """Return the sum of a counter, for the usage record."""
        return sum(
            sample.value
            for metric in self.registry.collect()
            for sample in metric.samples
            if sample.name == name
        )
