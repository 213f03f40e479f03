"""Child processes with limits: what a decoder does to itself there, it does not do to the job.

A user's file may be damaged or made to harm. It is opened only in a child that has a time limit,
limits on memory and on files written (`setrlimit`), and a process group of its own that is killed
as a whole; it also dies with its parent, however that dies. Crash, time-out and lack of memory each
become one MediaError. The child's CPU seconds are counted by the usage record as any child's are.
"""

import ctypes
import json
import math
import os
import resource
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import IO, Any

from mythmeter import errors
from mythmeter.errors import MediaError, MythmeterError
from mythmeter.media.limits import MB, Limits

CHILD = "mythmeter.media.sandbox_child"
LINES_KEPT = 10_000
"""First lines of a child's log that are kept, and as many of its last."""
LINE_BYTES = 1000
OUTPUT_LIMIT_BYTES = 256 * 2**20
OUT_OF_MEMORY = "Cannot allocate memory"
COPY_AGAIN = "Copy the file again from where it came from, or convert it to H.264 in MP4 first."
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass
class Ended:
    """What a child left behind."""

    returncode: int
    output: bytes = b""
    log: list[str] = field(default_factory=list)


def run_limited(
    command: Sequence[str], source: Path, limits: Limits | None = None, given: bytes = b""
) -> Ended:
    """Run a command that decodes `source` and wait for its end.

    Args:
        command: program and arguments.
        source: the file that is decoded, for messages.
        limits: None for files that this workflow wrote itself.
        given: written to the child's standard input.

    Raises:
        MediaError: it was stopped by a limit, or crashed. Its exit status is the caller's to judge.
    """
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_confinement(limits),
        # By default each thread reserves address space for a heap of its own.
        env=os.environ | {"MALLOC_ARENA_MAX": "2"},
    )
    ended = Ended(0)
    readers = [
        Thread(target=_read_output, args=(child.stdout, ended), daemon=True),
        Thread(target=_read_log, args=(child.stderr, ended), daemon=True),
    ]
    try:
        for reader in readers:
            reader.start()
        _give(child.stdin, given)
        in_time = _wait(child, None if limits is None else limits.time_s)
    finally:
        # Before the child is reaped its number, which is its group's too, belongs to nobody else.
        _kill_group(child)
        ended.returncode = child.wait()
        for reader in readers:
            reader.join()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
    _judge(ended, source, limits, in_time=in_time)
    return ended


def call_apart(function: str, arguments: Mapping[str, Any], *, source: Path, limits: Limits) -> Any:
    """Call a function of this package in a child with limits; arguments and result are JSON.

    Args:
        function: `mythmeter.media.scan:scan_clip`, say.
        arguments: by name.
        source: the user's file, for messages.
        limits: of the child.

    Raises:
        MythmeterError: what the function raised.
        MediaError: the child was stopped by a limit, or crashed.
    """
    command = [sys.executable, "-P", "-m", CHILD]
    job = {"function": function, "arguments": dict(arguments)}
    ended = run_limited(command, source, limits, json.dumps(job).encode())
    try:
        answer = json.loads(ended.output)
    except ValueError:
        answer = {}
    if "result" in answer:
        return answer["result"]
    if answer.get("error") == "MemoryError":
        raise MediaError(_too_much_memory(source, limits))
    kind = getattr(errors, str(answer.get("error")), None)
    if isinstance(kind, type) and issubclass(kind, MythmeterError):
        raise kind(str(answer["message"]))
    log = "\n".join(ended.log)
    raise RuntimeError(f"{function} failed on {source} (exit {ended.returncode}):\n{log}")


def _confinement(limits: Limits | None) -> Callable[[], None]:
    """Return what the child does to itself between fork and exec."""
    parent = os.getpid()
    bounds: list[tuple[int, tuple[int, int]]] = [(resource.RLIMIT_CORE, (0, 0))]
    if limits is not None:
        cpu_s = math.ceil(limits.time_s * (os.cpu_count() or 1))
        file_bytes = int(limits.file_mb * MB)
        memory_bytes = int(limits.memory_mb * MB)
        bounds.append((resource.RLIMIT_CPU, (cpu_s, cpu_s + 5)))
        bounds.append((resource.RLIMIT_FSIZE, (file_bytes, file_bytes)))
        # Last: from here on the fork, which is as large as its parent, must not allocate.
        bounds.append((resource.RLIMIT_AS, (memory_bytes, memory_bytes)))

    def confine() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
        for kind, bound in bounds:
            resource.setrlimit(kind, bound)

    return confine


def _give(pipe: IO[bytes] | None, given: bytes) -> None:
    if pipe is None:
        return
    try:
        pipe.write(given)
        pipe.close()
    except BrokenPipeError:  # it ended before it read all; its exit status says why
        pass


def _wait(child: "subprocess.Popen[bytes]", time_s: float | None) -> bool:
    """Wait until the child has ended, without reaping it; return False when time is up."""
    deadline = None if time_s is None else time.monotonic() + time_s
    pause_s = 0.0005
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        if deadline is not None and time.monotonic() >= deadline:
            return False
        pause_s = min(2 * pause_s, 0.01)
        time.sleep(pause_s)
    return True


def _kill_group(child: "subprocess.Popen[bytes]") -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # the latter: macOS, of a group of zombies
        child.kill()


def _read_output(pipe: IO[bytes], ended: Ended) -> None:
    ended.output = pipe.read(OUTPUT_LIMIT_BYTES)
    while pipe.read(2**20):
        pass


def _read_log(pipe: IO[bytes], ended: Ended) -> None:
    """Keep the first and last lines: a damaged file can log without end."""
    last: deque[str] = deque(maxlen=LINES_KEPT)
    while line := pipe.readline(LINE_BYTES):
        text = line.decode("utf-8", "replace").rstrip()
        (ended.log if len(ended.log) < LINES_KEPT else last).append(text)
    ended.log.extend(last)


def _judge(ended: Ended, source: Path, limits: Limits | None, *, in_time: bool) -> None:
    """Raise what a signal means; exit statuses are left to the caller."""
    if limits is None:
        if ended.returncode < 0:
            raise MediaError(f"{source}: its decoder was stopped by {_name(ended.returncode)}.")
        return
    if not in_time or ended.returncode == -signal.SIGXCPU:
        raise MediaError(
            f"{source}: was not decoded within {limits.time_s:.0f} s, so decoding was stopped. "
            f"{COPY_AGAIN} If the file is sound and the machine slow, raise {limits.raised_by}."
        )
    if ended.returncode == -signal.SIGXFSZ:
        raise MediaError(
            f"{source}: grew beyond {limits.file_mb} MB when it was decoded, so it was stopped: "
            f"its time stamps or sizes are wrong. {COPY_AGAIN} Or raise {limits.raised_by}."
        )
    if ended.returncode != 0 and any(OUT_OF_MEMORY in line for line in ended.log):
        raise MediaError(_too_much_memory(source, limits))
    if ended.returncode == -signal.SIGKILL:
        raise MediaError(
            f"{source}: its decoder was killed, most likely because this machine ran out of "
            f"memory. Free some, or convert the file to a smaller picture first."
        )
    if ended.returncode < 0:
        raise MediaError(
            f"{source}: crashed its decoder ({_name(ended.returncode)}), so it is damaged or of a "
            f"kind that FFmpeg does not master. {COPY_AGAIN}"
        )


def _too_much_memory(source: Path, limits: Limits) -> str:
    return (
        f"{source}: needs more than {limits.memory_mb} MB of memory to be decoded, so decoding was "
        f"stopped. Use a smaller version of it, or raise {limits.raised_by}."
    )


def _name(returncode: int) -> str:
    try:
        return signal.Signals(-returncode).name
    except ValueError:
        return f"signal {-returncode}"
