"""Two settings measured in turns."""

from mythmeter.experiments.bench import Quality, compare


class Recording:
    """A bench that remembers what it was asked for, and in which order."""

    unit = "1 thing"

    def __init__(self):
        self.prepared, self.ran = [], []

    def ready(self, setting):
        self.prepared.append(setting)

        def work():
            self.ran.append(setting)
            return f"{setting} {len(self.ran)}"

        return work

    def quality(self, base, changed):
        return Quality("metric", "unit", float(base.split()[1]), float(changed.split()[1]), "m")


def test_each_setting_runs_once_untimed_and_then_in_turns_that_alternate():
    bench = Recording()
    measured = compare(bench, "a", "b", repeats=3)
    assert bench.ran == ["a", "b", "a", "b", "b", "a", "a", "b"]
    assert bench.prepared == bench.ran
    for seconds in (measured.base, measured.changed):
        assert len(seconds.wall_s) == len(seconds.cpu_s) == 3


def test_quality_is_that_of_the_last_results_of_both():
    measured = compare(Recording(), "a", "b", repeats=3)
    assert (measured.quality.base, measured.quality.changed) == (7.0, 8.0)
