"""One of several processes that train a pair; torchrun starts it with the job as its argument."""

import sys

from mythmeter.swap.learning.team import joined
from mythmeter.swap.train_pair import PairJob, run_job_here


def main(text: str) -> None:
    """Join the team and train."""
    job = PairJob.from_json(text)
    with joined(job.device) as (team, device):
        run_job_here(job, team, device)


if __name__ == "__main__":
    main(sys.argv[1])
