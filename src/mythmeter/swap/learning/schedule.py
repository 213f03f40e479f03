"""How long and how fast is trained, counted in samples, so that any size of batch fits."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """A training run. A sample is one crop of each of the two faces."""

    samples: int
    """At most so many."""
    batch: int
    """Samples a step, whatever the micro-batch and the number of devices."""
    learning_rate: float
    """Highest."""
    validate_every: int
    """Samples between two looks at the held-out frames."""
    patience: int
    """Looks without a gain after which training stops."""
    warm_up: float = 0.02
    """Share of the samples in which the rate rises."""
    level_until: float = 0.4
    """Share of the samples after which the rate falls, as half a cosine, to 2 %."""

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return math.ceil(self.samples / self.batch)

    @property
    def steps_between_looks(self) -> int:
        """Steps between two looks at the held-out frames."""
        return max(1, round(self.validate_every / self.batch))

    def rate_at(self, step: int) -> float:
        """Learning rate of a step, counted from 0."""
        done = step / self.steps
        rising = min(1.0, (step + 1) / max(1.0, self.warm_up * self.steps))
        if done < self.level_until:
            return self.learning_rate * rising
        falling = (done - self.level_until) / (1 - self.level_until)
        return self.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * falling)))
