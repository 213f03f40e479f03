"""When jobs held devices, and whether two held the same."""

import itertools
from collections.abc import Mapping, Sequence

from slurm.cluster import Cluster, Stamp

Ends = Mapping[tuple[str, str], float]
"""Node and job -> when it was over, however it ended; seconds."""


def ends_of(cluster: Cluster, stamps: Sequence[Stamp]) -> Ends:
    """Ends by the epilog of the node, or by the death of the node.

    A node that comes back runs the epilogs of the jobs that died with it, which is not their end.
    """
    ends = {}
    for stamp in stamps:
        died_s = cluster.killed_at_s.get(stamp.node)
        end_s = stamp.end_s
        if died_s is not None and stamp.start_s < died_s and (end_s is None or end_s > died_s):
            end_s = died_s
        assert end_s is not None, f"{stamp} has no end"
        ends[stamp.node, stamp.job] = end_s
    return ends


def most_at_once(stamps: Sequence[Stamp], ends: Ends) -> int:
    """The largest number of jobs that ran at one moment."""
    spans = [(stamp.start_s, ends[stamp.node, stamp.job]) for stamp in stamps]
    return max(sum(start <= moment < end for start, end in spans) for moment, _ in spans)


def sharing(stamps: Sequence[Stamp], ends: Ends) -> list[tuple[Stamp, Stamp]]:
    """Pairs of jobs that held one device at the same time."""
    found = []
    for one, other in itertools.combinations(stamps, 2):
        if one.node == other.node and set(one.gpus) & set(other.gpus):
            first, second = sorted((one, other), key=lambda stamp: stamp.start_s)
            if ends[first.node, first.job] > second.start_s:
                found.append((first, second))
    return found
