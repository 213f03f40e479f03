"""What the workflow adds around the jobs: `make bench-overhead`.

Twenty-four jobs do nothing but run an adapter's frame (log, claim, record). Ours: Snakemake on all
cores. Theirs: what a user would write instead, a shell loop that starts the same adapter once after
another. Both are divided by the number of jobs. What `mythmeter run --batches 10` plans of a sheet
of 4,200 renders is timed too: the first of ten batches, the report when every file is there, and a
dry run of all of it in ten batches, side by side.
Beside it the whole sheet in one graph, and Snakemake's own floor: a graph of the same shape whose
rules have no params, resources, logs or input functions. RENDERS=300: a quick one; WHOLE=0: without
the last two.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from memory.watch import Watch

from mythmeter.cli.run import REPORTING

REPOSITORY = Path(__file__).parents[1]
JOBS = 24
RENDERS = int(os.environ.get("RENDERS", "4200"))
WHOLE = os.environ.get("WHOLE", "1") == "1"
BATCHES = 10
DRY_RUN = ["--dry-run", "--quiet", "rules", "--cores", "1", "--nolock"]

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


FLOOR = """
R = [f"demo-{{i:04d}}" for i in range({renders})]
C = ["1-of-2", "2-of-2"]
STEPS = "speak plan drive swap assemble mark verify score".split()

wildcard_constraints:
    render=r"[a-z0-9][a-z0-9_-]*",

rule all:
    input: expand("renders/{{r}}.receipt.json", r=R), "report.html"

rule clip:
    output: "a/clip", "a/faces"
    shell: "touch {{output}}"
"""
STEP = """
rule {name}:
    input: {inputs}
    output: {outputs}
    shell: "touch {{output}}"
"""
FLOOR_STEPS = {
    "speak": (["a/clip"], ["v/{render}/speech", "v/{render}/words", "v/{render}/takes"]),
    "plan": (["v/{render}/speech", "a/faces"], ["r/{render}/timeline"]),
    "drive": (["v/{render}/speech", "v/{render}/words", "r/{render}/timeline"], ["l/{render}/d"]),
    "swap": (["a/clip", "a/faces"], ["s/{render}/faces", "s/{render}/table"]),
    "sync": (
        ["l/{render}/d", "r/{render}/timeline", "s/{render}/faces", "s/{render}/table"],
        ["l/{render}/{c}.mkv", "l/{render}/{c}.table"],
    ),
    "composite": (
        ["a/clip", "a/faces", "r/{render}/timeline", "l/{render}/{c}.mkv", "l/{render}/{c}.table"],
        ["c/{render}/{c}.mp4"],
    ),
    "assemble": (
        ["c/{render}/1-of-2.mp4", "c/{render}/2-of-2.mp4", "v/{render}/speech"],
        ["r/{render}/assembled"],
    ),
    "mark": (["r/{render}/assembled"], ["r/{render}/signed", "r/{render}/vtt", "r/{render}/jpg"]),
    "verify": (
        ["r/{render}/signed", "r/{render}/vtt", "r/{render}/jpg"],
        ["renders/{render}.mp4", "renders/{render}.vtt", "renders/{render}.receipt.json"],
    ),
    "score": (["renders/{render}.mp4", "a/faces", "r/{render}/timeline"], ["q/{render}.json"]),
}
FLOOR_END = """
rule gather:
    input:
        expand("u/{w}/{r}.jsonl", r=R, w=STEPS),
        expand("u/{w}/{r}/{c}.jsonl", w=["sync", "composite"], r=R, c=C),
    output: "usage"
    shell: "touch {output}"

rule report:
    input: "usage", expand("q/{r}.json", r=R), expand("renders/{r}.mp4", r=R)
    output: "report.html"
    shell: "touch {output}"
"""


@dataclass(frozen=True)
class Planned:
    """What a dry run took."""

    seconds: float
    cpu_s: float
    peak_gib: float
    jobs: int

    def __str__(self) -> str:
        each_ms = self.cpu_s / self.jobs * 1000 if self.jobs else float("nan")
        return (
            f"{self.jobs} jobs, {self.seconds:.0f} s ({self.cpu_s:.0f} s of CPU, "
            f"{each_ms:.1f} ms a job), {self.peak_gib:.2f} GiB peak"
        )


@dataclass(frozen=True)
class Each:
    """What a job took that does nothing."""

    wall_s: float
    cpu_s: float
    """Of all its processes: the same beside other work, where wall time says nothing."""

    def __str__(self) -> str:
        return f"{self.wall_s:.2f} s ({self.cpu_s:.2f} s of CPU)"


def timed(command: list[str], folder: Path) -> Each:
    """Run a command that starts all the jobs."""
    start, before = time.perf_counter(), os.times()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    wall_s, after = time.perf_counter() - start, os.times()
    used = sum(after[2:4]) - sum(before[2:4])  # of children that have ended
    return Each(wall_s / JOBS, used / JOBS)


def measure_jobs(folder: Path) -> tuple[Each, Each]:
    """Return what a job takes by Snakemake and by a shell loop."""
    (folder / "Snakefile").write_text(SNAKEFILE.format(jobs=JOBS))
    (folder / "job.py").write_text(ADAPTER)
    (folder / "loop.py").write_text(LOOP)
    command = [sys.executable, "-m", "snakemake", "--cores", "all", "--quiet", "all"]
    ours = timed(command, folder)
    loop = f'for n in $(seq {JOBS}); do "{sys.executable}" loop.py "loop-$n.jsonl"; done'
    return ours, timed(["bash", "-c", loop], folder)


def floor_snakefile() -> str:
    """A workflow of the same shape whose rules ask for nothing."""
    text = FLOOR.format(renders=RENDERS)
    for name, (inputs, outputs) in FLOOR_STEPS.items():
        chunk = "/{c}" if "{c}" in "".join(outputs) else ""
        usage = f"u/{name}/{{render}}{chunk}.jsonl"
        text += STEP.format(
            name=name,
            inputs=", ".join(map(repr, inputs)),
            outputs=", ".join(map(repr, [*outputs, usage])),
        )
    return text + FLOOR_END


def dry_run(folder: Path, *arguments: str) -> Planned:
    """Plan a run in a folder."""
    return planned(folder, [sys.executable, "-m", "snakemake", *DRY_RUN, *arguments])


def planned(folder: Path, command: list[str]) -> Planned:
    """Run what plans; its memory is that of all its processes together."""
    with tempfile.NamedTemporaryFile() as said, tempfile.NamedTemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=errors)
        watch = Watch(process.pid)
        watch.start()
        # With all that it waited for.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        text = Path(said.name).read_text() + Path(errors.name).read_text()
    if process.returncode:
        sys.exit(text[-4000:])
    total = re.search(r"^\d+ batches: (\d+)", text, re.MULTILINE)
    total = total or re.search(r"^total\s+(\d+)", text, re.MULTILINE)
    return Planned(
        seconds,
        used.ru_utime + used.ru_stime,
        watch.peak_bytes / 2**30,
        int(total[1]) if total else 0,
    )


def long_sheet(folder: Path) -> Path:
    """Write the built-in example's row as often as asked."""
    sheet = (REPOSITORY / "config" / "renders.tsv").read_text().splitlines()
    header, row = sheet[0], next(line for line in sheet[1:] if line.startswith("demo\t"))
    rows = [row.replace("demo\t", f"demo-{n:04d}\t", 1) for n in range(RENDERS)]
    path = folder / "renders.tsv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def finish(sheet: Path, results: Path) -> int:
    """Make an empty file of every result of a sheet but the report; return how many."""
    first = sheet.with_name("first.tsv")
    first.write_text("\n".join(sheet.read_text().splitlines()[:2]) + "\n")
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--nolock", "--cores"]
    planned = subprocess.run(
        [*command, "1", "--config", f"renders={first}", paths_in(results)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    jobs = re.findall(r"^rule (\w+):.*?^    output: (.*?)$", planned, re.MULTILINE | re.DOTALL)
    made = [out for rule, outs in jobs if rule not in REPORTING for out in outs.split(", ")]
    names = [line.split("\t")[0] for line in sheet.read_text().splitlines()[1:]]
    count = 0
    for path in (Path(out) for out in made if Path(out).is_relative_to(results)):
        own = {Path(str(path).replace("demo-0000", name)) for name in names}
        for file in own if "demo-0000" in str(path) else {path}:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
            count += 1
    return count


def paths_in(results: Path) -> str:
    """A setting that puts results and reports elsewhere."""
    return f"paths={{results: {results}, reports: {results.parent / 'reports'}}}"


def main() -> None:
    """Print the figures; the last line is one JSON object."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        ours, theirs = measure_jobs(folder)
        print(f"a job that does nothing: {ours} by Snakemake, {theirs} by a shell loop", flush=True)
        path = long_sheet(folder)
        sheet = f"renders={path}"
        batch = dry_run(REPOSITORY, "renders", "--batch", f"renders=1/{BATCHES}", "--config", sheet)
        print(f"first of {BATCHES} batches of {RENDERS} renders: {batch}", flush=True)
        files = finish(path, folder / "results")
        allowed = ["--allowed-rules", *REPORTING, "--config", sheet, paths_in(folder / "results")]
        report = dry_run(REPOSITORY, *allowed)
        print(f"the report when {files} files are there: {report}", flush=True)
        run = [sys.executable, "-m", "mythmeter.cli", "run", "--batches", str(BATCHES), "--"]
        together = planned(REPOSITORY, [*run, *DRY_RUN, "--config", sheet])
        print(f"{RENDERS} renders in {BATCHES} batches side by side: {together}", flush=True)
        whole = floor = None
        if WHOLE:
            whole = dry_run(REPOSITORY, "--config", sheet)
            print(f"{RENDERS} renders in one graph: {whole}", flush=True)
            (folder / "floor").mkdir()
            (folder / "floor" / "Snakefile").write_text(floor_snakefile())
            floor = dry_run(folder / "floor")
            print(f"a graph of that shape whose rules ask for nothing: {floor}")
    print(
        json.dumps(
            {
                "name": "overhead",
                "ours": round(ours.wall_s, 3),
                "theirs": round(theirs.wall_s, 3),
                "ratio": round(theirs.wall_s / ours.wall_s, 3),
                "unit": "s of wall time a job",
                "n": JOBS,
                "scope": "jobs that do nothing "
                f"({ours.cpu_s:.2f} and {theirs.cpu_s:.2f} s of CPU), "
                f"{os.cpu_count()} cores; theirs: a shell loop, one "
                f"process after another; {RENDERS} renders, first of {BATCHES} batches: {batch}; "
                f"the report: {report}; {BATCHES} batches side by side: {together}; "
                f"in one graph: {whole}; Snakemake's floor: {floor}; "
                f"load {os.getloadavg()[0]:.0f}",
            }
        )
    )


if __name__ == "__main__":
    main()
