"""What the workflow adds around the jobs: `make bench-overhead`.

Twenty-four jobs do nothing but run an adapter's frame (log, claim, record). Ours: Snakemake on all
cores. Theirs: what a user would write instead, a shell loop that starts the same adapter once after
another. Both are divided by the number of jobs. A dry run of a sheet of 4,200 renders is timed too.
"""

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
JOBS = 24
RENDERS = 4200

SNAKEFILE = """
rule all:
    input: expand("done/{{n}}.jsonl", n=range({jobs}))

rule job:
    output: usage="done/{{n}}.jsonl"
    log: "logs/{{n}}.log"
    script: "job.py"
"""
ADAPTER = """
from mythmeter.usage.job import run_job
with run_job(snakemake) as record, record.phase("steady"):
    pass
"""
LOOP = """
import runpy, sys
from types import SimpleNamespace as N
out = sys.argv[1]
job = N(rule="job", log=out + ".log", wildcards={}, threads=1, resources=N(), params=N())
job.output = N(usage=out)
runpy.run_path("job.py", init_globals={"snakemake": job})
"""


def measure_jobs(folder: Path) -> tuple[float, float]:
    """Return seconds a job by Snakemake and by a shell loop."""
    (folder / "Snakefile").write_text(SNAKEFILE.format(jobs=JOBS))
    (folder / "job.py").write_text(ADAPTER)
    (folder / "loop.py").write_text(LOOP)
    start = time.perf_counter()
    command = [sys.executable, "-m", "snakemake", "--cores", "all", "--quiet", "all"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    ours = (time.perf_counter() - start) / JOBS
    loop = f'for n in $(seq {JOBS}); do "{sys.executable}" loop.py "loop-$n.jsonl"; done'
    start = time.perf_counter()
    subprocess.run(["bash", "-c", loop], cwd=folder, check=True)
    return ours, (time.perf_counter() - start) / JOBS


def dry_run(folder: Path) -> tuple[float, float, float, int]:
    """Dry-run 4,200 renders of the built-in example: wall s, CPU s, peak GiB, jobs."""
    sheet = (REPOSITORY / "config" / "renders.tsv").read_text().splitlines()
    header, row = sheet[0], next(line for line in sheet[1:] if line.startswith("demo\t"))
    rows = [row.replace("demo\t", f"demo-{n:04d}\t", 1) for n in range(RENDERS)]
    (folder / "renders.tsv").write_text("\n".join([header, *rows]) + "\n")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "rules", "--cores", "1"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(
        [*command, "--nolock", "--config", f"renders={folder / 'renders.tsv'}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak_gib = after.ru_maxrss / 2**20
    total = re.search(r"^total\s+(\d+)", done.stdout + done.stderr, re.MULTILINE)
    return seconds, cpu_s, peak_gib, int(total.group(1)) if total else 0


def main() -> None:
    """Print the figures; the last line is one JSON object."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        ours, theirs = measure_jobs(folder)
        print(f"a job that does nothing: {ours:.2f} s by Snakemake, {theirs:.2f} s by a shell loop")
        seconds, cpu_s, peak_gib, jobs = dry_run(folder)
        print(
            f"dry run of {RENDERS} renders: {jobs} jobs, {seconds:.0f} s ({cpu_s:.0f} s of CPU), "
            f"{peak_gib:.2f} GiB peak"
        )
    print(
        json.dumps(
            {
                "name": "overhead",
                "ours": round(ours, 3),
                "theirs": round(theirs, 3),
                "ratio": round(theirs / ours, 3),
                "unit": "s of wall time a job",
                "n": JOBS,
                "scope": f"jobs that do nothing, {os.cpu_count()} cores; theirs: a shell loop, one "
                f"process after another; dry run of {RENDERS} renders: {seconds:.0f} s, "
                f"{cpu_s:.0f} s of CPU, {peak_gib:.2f} GiB",
            }
        )
    )


if __name__ == "__main__":
    main()
