"""A two-node Slurm cluster on one machine, with GPUs that are devices but compute nothing.

Everything lies in one scratch folder: configuration, keys, state, logs. Nothing in /etc is touched,
and only the processes started here are ended. Needs root (device nodes, munge) and Debian's
packages `slurm-wlm slurm-wlm-basic-plugins munge slurm-client`.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

TEMPLATES = Path(__file__).parent / "templates"
NODES = ("gpu0", "gpu1")
GPUS_PER_NODE = 2
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
START_TIMEOUT_S = 60


def missing_here() -> str | None:
    """Why no cluster can be started on this machine; None where one can."""
    absent = [program for program in PROGRAMS if shutil.which(program, path=_search_path()) is None]
    if absent:
        return f"no Slurm here ({', '.join(absent)} not found): run `make slurm-test` as root"
    if os.geteuid() != 0:
        return "not root: the cluster's device nodes and munge need it"
    return None


def _search_path() -> str:
    return os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


@dataclass(frozen=True)
class Stamp:
    """A job on a node, as the node's own prolog and epilog saw it."""

    job: str
    node: str
    gpus: tuple[str, ...]
    """Indices on the node."""
    visible: str
    """CUDA_VISIBLE_DEVICES that Slurm set."""
    start_s: float
    end_s: float | None
    """None: the node was gone before the job ended."""


@dataclass(frozen=True)
class Running:
    """A job that runs and holds a GPU."""

    job: str
    node: str
    comment: str
    """Rule and wildcards, as Snakemake's plugin notes them."""
    memory: str
    """That it asked for, as Slurm writes it: `400M`."""


@dataclass
class Cluster:
    """A running cluster."""

    folder: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    killed_at_s: dict[str, float] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Variables for programs that are to speak to this cluster and no other."""
        path = os.pathsep.join([str(self.folder / "bin"), _search_path()])
        ours = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "SBATCH_"))}
        ours.pop("CUDA_VISIBLE_DEVICES", None)
        return {**ours, "PATH": path, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def command(self, *arguments: str) -> str:
        """Run one of Slurm's commands and return what it printed."""
        done = subprocess.run(
            arguments, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def running(self) -> list[Running]:
        """The jobs that hold a GPU now."""
        wanted = "JobID:|,NodeList:|,tres-per-job:|,Comment:|,MinMemory:|"
        lines = self.command("squeue", "-h", "-t", "R", "-O", wanted).splitlines()
        rows = [line.strip().split("|") for line in lines]
        return [
            Running(job, node, what, mb) for job, node, gpu, what, mb, _ in rows if "gpu" in gpu
        ]

    def stamps(self) -> list[Stamp]:
        """Every job that started so far."""
        starts: dict[tuple[str, str], list[str]] = {}
        ends: dict[tuple[str, str], float] = {}
        for line in (self.folder / "log" / "stamps").read_text().splitlines():
            what, when, node, job, gpus, visible = line.split("|")
            if what == "start":
                starts[node, job] = [when, gpus, visible]
            else:
                ends[node, job] = float(when)
        return [
            Stamp(
                job, node, tuple(g for g in gpus.split(",") if g), visible, float(when),
                ends.get((node, job)),
            )
            for (node, job), (when, gpus, visible) in starts.items()
        ]  # fmt: skip

    def kill_node(self, node: str) -> list[str]:
        """Kill a node's daemon and everything it runs, as a power cut does; return its jobs.

        Raises:
            RuntimeError: a job of the node has not begun its work and so would live on.
        """
        jobs = self.command("squeue", "-h", "-t", "R", "-w", node, "-o", "%i").split()
        self.processes[node].kill()
        self.processes[node].wait()
        self.killed_at_s[node] = time.time()
        steps = self._steps(set(jobs))
        if {_job_of(step) for step in steps} != set(jobs):
            raise RuntimeError(f"not every job of {node} has a process yet: {jobs}")
        for step in steps:
            for process in [*step.children(recursive=True), step]:
                _kill(process)
        return jobs

    def revive_node(self, node: str) -> None:
        """Start the daemon of a killed node again."""
        self._start(node, "slurmd", "-D", "-N", node)

    def _steps(self, jobs: set[str]) -> list[psutil.Process]:
        """The processes of this cluster that hold the steps of these jobs."""
        # Read from /proc: psutil finds no variables, because the title is written over them.
        mark = f"SLURM_CONF={self.folder / 'slurm.conf'}".encode()
        found = []
        for process in psutil.process_iter():
            try:
                ours = mark in Path(f"/proc/{process.pid}/environ").read_bytes().split(b"\0")
                if ours and _job_of(process) in jobs:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def _start(self, name: str, *command: str) -> None:
        with (self.folder / "log" / f"{name}.out").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start(self) -> None:
        """Write the configuration, make the devices and start the daemons.

        Raises:
            RuntimeError: the nodes did not come up.
        """
        _lay_out(self.folder)
        run = self.folder
        self._start(
            "munged", "munged", "--foreground", f"--key-file={run}/munge.key",
            f"--socket={run}/run/munge.socket", f"--pid-file={run}/run/munged.pid",
            f"--log-file={run}/log/munged.log", f"--seed-file={run}/state/munged.seed",
        )  # fmt: skip
        _wait_for(lambda: (run / "run" / "munge.socket").exists(), "munged", run)
        self._start("slurmctld", "slurmctld", "-D", "-c")
        for node in NODES:
            self._start(node, "slurmd", "-D", "-N", node)
        _wait_for(self._is_up, "the nodes", run)

    def _is_up(self) -> bool:
        done = subprocess.run(
            ["sinfo", "-h", "-N", "-o", "%T"], env=self.environment, capture_output=True, text=True
        )
        return done.returncode == 0 and done.stdout.split() == ["idle"] * len(NODES)

    def stop(self) -> None:
        """End the jobs, then the daemons, in the reverse of the order they were started in."""
        if "slurmctld" in self.processes:
            subprocess.run(
                ["scancel", "--user", str(os.getuid())], env=self.environment, capture_output=True
            )
            deadline_s = time.monotonic() + 15
            while self._steps_left() and time.monotonic() < deadline_s:
                time.sleep(0.2)
        for step in self._steps_left():
            for process in [*step.children(recursive=True), step]:
                _kill(process)
        for process in reversed(self.processes.values()):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def _steps_left(self) -> list[psutil.Process]:
        return self._steps({stamp.job for stamp in self.stamps()})


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """Start a cluster in an empty folder and stop it afterwards, whatever happens."""
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def _lay_out(folder: Path) -> None:
    for name in ("bin", "dev", "log", "run", "state", *(f"spool/{node}" for node in NODES)):
        (folder / name).mkdir(parents=True)
    # munged refuses a socket in a folder that others cannot enter.
    (folder / "run").chmod(0o755)
    (folder / "log" / "stamps").touch()
    (folder / "munge.key").write_bytes(os.urandom(1024))
    (folder / "munge.key").chmod(0o600)
    for index in range(len(NODES) * GPUS_PER_NODE):
        # A clone of /dev/null: with a regular file Slurm sets no CUDA_VISIBLE_DEVICES.
        os.mknod(folder / "dev" / f"fakegpu{index}", 0o20666, os.makedev(1, 3))
    values = {"@ROOT@": str(folder), "@HOST@": socket.gethostname()}
    for index, port in enumerate(_free_ports(1 + len(NODES))):
        values[f"@PORT{index}@"] = str(port)
    srun = shutil.which("srun", path=_search_path())
    assert srun is not None
    values["@SRUN@"] = srun
    for template in TEMPLATES.iterdir():
        text = template.read_text()
        for key, value in values.items():
            text = text.replace(key, value)
        program = template.suffix == ".sh"
        place = folder / "bin" / template.stem if program else folder / template.name
        place.write_text(text)
        if program:
            place.chmod(0o755)


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _wait_for(condition, what: str, folder: Path) -> None:  # type: ignore[no-untyped-def]
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline_s:
            logs = "\n".join(
                f"== {path.name}\n{path.read_text(errors='replace')[-1500:]}"
                for path in sorted((folder / "log").iterdir())
            )
            raise RuntimeError(f"{what} did not come up in {START_TIMEOUT_S} s\n{logs}")
        time.sleep(0.2)


def _job_of(step: psutil.Process) -> str:
    """The number of the job, out of a title like `slurmstepd: [12.batch]`; empty for others."""
    return " ".join(step.cmdline()).partition("slurmstepd: [")[2].partition(".")[0]


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
