"""One file through probe, normalise and extract; everything that must not happen is noticed."""

import ctypes
import json
import os
import resource
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from mythmeter.errors import MediaError
from mythmeter.media.decode import count_frames
from mythmeter.media.normalise import normalise_clip
from mythmeter.media.speech import extract_audio
from mythmeter.usage.record import UsageRecord

LIMITED = {
    "was not decoded within": "time limit",
    "of memory to be decoded": "memory limit",
    "when it was decoded, so it was stopped": "size limit",
    "crashed its decoder": "crash",
    "its decoder was killed": "killed",
}
"""Words of a message, and which limit they speak of."""
PR_SET_CHILD_SUBREAPER = 36
MESSAGE_LENGTH = 1000


@dataclass
class Judgement:
    """How a case ended."""

    clip: str = "none"
    """`accepted`, `refused`, or the limit that stopped it."""
    sound: str = "none"
    messages: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What must not happen; empty: handled."""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    written_bytes: int = 0


@contextmanager
def _adopting_orphans() -> Iterator[None]:
    """Be the parent of every descendant that loses its own, so that orphans are seen.

    Not for longer than the block: whoever adopts must also bury, and other tests leave orphans that
    nobody here would wait for.
    """
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0)


def judge(data: bytes, name: str, folder: Path) -> Judgement:
    """Write a file into an empty folder and treat it as a user's."""
    with _adopting_orphans():
        return _judged(data, name, folder)


def _judged(data: bytes, name: str, folder: Path) -> Judgement:
    found = Judgement()
    source = folder / name
    source.write_bytes(data)
    # Children from before are somebody else's: a server that other tests talk to, say.
    before = set(psutil.Process().children(recursive=True))
    started, cpu_0 = time.perf_counter(), _cpu_s()
    with _scratch(folder / "tmp"):
        found.clip = _stage(found, source, lambda: _normalise(source, folder, found))
        found.sound = _stage(found, source, lambda: _extract(source, folder, found))
    found.wall_s, found.cpu_s = time.perf_counter() - started, _cpu_s() - cpu_0
    left = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    wanted = {name}
    if found.clip == "accepted":
        wanted |= {"out/clip.mp4", "out/verdict.json"}
    if found.sound == "accepted":
        wanted |= {"out/16000.wav", "out/24000.wav"}
    if set(left) != wanted:
        found.faults.append(f"files left or missing: {sorted(set(left) ^ wanted)}")
    children = set(psutil.Process().children(recursive=True)) - before
    if children:
        found.faults.append(f"processes left: {[child.cmdline()[:2] for child in children]}")
        for child in children:
            child.kill()
            child.wait(10)
    return found


@contextmanager
def _scratch(folder: Path) -> Iterator[None]:
    """Have temporary files and core dumps made where they are seen."""
    folder.mkdir()
    here, before = Path.cwd(), os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before


def _stage(found: Judgement, source: Path, work: Callable[[], None]) -> str:
    try:
        work()
    except MediaError as error:
        message = str(error)
        found.messages.append(message)
        if source.name not in message or "\n" in message or not message.isprintable():
            found.faults.append(f"unclear message: {message!r}")
        if len(message) > MESSAGE_LENGTH:
            found.faults.append(f"message of {len(message)} characters")
        return next((limit for words, limit in LIMITED.items() if words in message), "refused")
    except Exception:
        found.faults.append(traceback.format_exc())
        return "traceback"
    return "accepted"


def _normalise(source: Path, folder: Path, found: Judgement) -> None:
    clip, verdict = folder / "out" / "clip.mp4", folder / "out" / "verdict.json"
    record = UsageRecord("normalise_clip", {})
    settings = {"crf": 20, "max_height": 1080, "keyframe_s": 1.0, "threads": 1}
    normalise_clip(source, clip, verdict, **settings, record=record)  # type: ignore[arg-type]
    said = json.loads(verdict.read_text(encoding="utf-8"))
    if said["made"]["frames"] != count_frames(clip):
        found.faults.append("the verdict states another number of frames than the clip has")
    found.written_bytes += clip.stat().st_size


def _extract(source: Path, folder: Path, found: Judgement) -> None:
    outputs = {rate: folder / "out" / f"{rate}.wav" for rate in (16000, 24000)}
    record = UsageRecord("extract_audio", {})
    extract_audio(source, outputs, wanted_by=["fuzz lists it"], record=record)
    found.written_bytes += sum(path.stat().st_size for path in outputs.values())


def _cpu_s() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def child_peak_mb() -> float:
    """Highest resident memory of any child so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
