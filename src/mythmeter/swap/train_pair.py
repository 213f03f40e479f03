"""Rule train_pair: learn a person's face for one performer, in one process or in several."""

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from mythmeter.atomic import replacing
from mythmeter.errors import DeviceError, ModelError
from mythmeter.faces.identity import FaceEncoder
from mythmeter.swap.dataset import Files, PairFootage, read_pair
from mythmeter.swap.identity_curve import IdentityCurve
from mythmeter.swap.learning.gradients import Gradients
from mythmeter.swap.learning.optimise import Keeping, Result, optimise
from mythmeter.swap.learning.precision import fast_type
from mythmeter.swap.learning.team import Team
from mythmeter.swap.model import save_face
from mythmeter.swap.swappers import pair_swapper
from mythmeter.swap.swappers.base import PairLearner
from mythmeter.usage.flops import FlopCount, counting_flops
from mythmeter.usage.record import UsageRecord

WORKER = "mythmeter.swap.worker"


@dataclass(frozen=True)
class PairJob:
    """What is trained, and where it goes."""

    person: tuple[Files, ...]
    """Crops of every clip of the person, as (video, table)."""
    performer: Files
    model: Path
    training: Path
    """JSON: how it went, `docs/files.md`."""
    preview: Path
    """JPEG: footage, and what is drawn for it."""
    swapper: str
    preset: str
    held_out: str
    """`clip` or `tail`."""
    enrolment_frames: int
    seed: int
    device: str
    """`cpu` or `cuda`."""
    code: str
    """Version of the code, so that a checkpoint of other code is not gone on from."""
    samples: int | None = None
    """Instead of the preset's."""
    warm_start: Path | None = None
    identity: tuple[Path, Path] | None = None
    """Assets `dlib_points` and `dlib_face`: at each look, how near to the person the swap is."""
    every_s: float = 60.0
    """Seconds between checkpoints."""

    @property
    def checkpoint(self) -> Path:
        """Beside the model while it is trained; no output, so that it outlives a killed job."""
        return self.model.with_name("checkpoint.safetensors")

    def as_json(self) -> str:
        """Write a job down for another process."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a job that `as_json` wrote."""
        value = json.loads(text)
        value["person"] = tuple((Path(a), Path(b)) for a, b in value["person"])
        value["performer"] = (Path(value["performer"][0]), Path(value["performer"][1]))
        for name in ("model", "training", "preview", "warm_start"):
            value[name] = value[name] and Path(value[name])
        if value["identity"]:
            value["identity"] = tuple(Path(path) for path in value["identity"])
        return cls(**value)


def train_pair(job: PairJob, *, processes: int, record: UsageRecord, flops: bool = False) -> None:
    """Train a pair; several processes where a job holds several GPUs.

    Args:
        job: what and where.
        processes: one for each device.
        record: of this job.
        flops: count what training computes too, in a phase of its own when all is trained.

    Raises:
        ConfigError: unknown swapper.
        DeviceError: it does not fit into memory, or a process of several failed.
        FaceError: too few frames show a face, or no clip can be held out.
        ModelError: the warm start is not a model of this swapper and preset.
    """
    record.backend = f"{job.swapper} {job.preset}"
    resumed = job.checkpoint.exists()
    with record.phase("steady") as work:
        if processes == 1:
            run_job_here(job, Team(), torch.device(job.device))
        else:
            _launch(job, processes)
        facts = json.loads(job.training.read_text(encoding="utf-8"))
        work["samples"] = facts["samples"]
    record.precision, record.batch = facts["precision"], facts["batch"]
    if flops and resumed:
        record.flops = "a checkpoint was there: this job may have done only part of the training"
    elif flops:
        with record.phase("flops"):
            record.flops = count_training(job, facts["micro_batch"], facts["samples"])


def run_job_here(job: PairJob, team: Team, device: torch.device) -> None:
    """Train in this process, alone or as one of a team; the first of it writes the files."""
    kind = pair_swapper(job.swapper)
    schedule = kind.schedule(job.preset)
    if job.samples is not None:
        schedule = replace(schedule, samples=job.samples)
    learner, footage = _prepare(job, device)
    curve = None
    if job.identity is not None:
        curve = IdentityCurve(kind, learner, footage, FaceEncoder(*job.identity))
    result = optimise(
        learner,
        schedule,
        seed=job.seed,
        device=device,
        team=team,
        keeping=Keeping(job.checkpoint, _fingerprint(job, footage), job.every_s),
        also_look=curve,
    )
    if team.leads:
        _write(job, learner, result, footage)
        save_face(job.model, kind.of(learner, result.network))
        job.checkpoint.unlink(missing_ok=True)


def count_training(job: PairJob, rows: int, samples: int) -> FlopCount:
    """Count one pass of so many rows, and return that many samples' worth of it.

    The counted pass runs outside any CUDA graph and changes nothing that was written.
    """
    device = torch.device(job.device)
    learner, _ = _prepare(job, device)
    generator = torch.Generator(device).manual_seed(job.seed)
    gradients = Gradients(
        learner, micro_batch=rows, fast_type=fast_type(device), device=device, team=Team()
    )
    with counting_flops() as counting:
        gradients.eager_pass(learner.batch(rows, generator), rows)
    of_what = f"drawing, forward and backward of {rows} samples (no optimiser, no held-out looks)"
    return counting.done().times(samples / rows, of_what)


def _prepare(job: PairJob, device: torch.device) -> tuple[Any, PairFootage]:
    footage = read_pair(
        job.person, job.performer, limit=job.enrolment_frames, held_out=job.held_out
    )
    torch.manual_seed(job.seed)
    learner: Any = pair_swapper(job.swapper).learner(footage, job.preset, device)
    if job.warm_start is not None:
        learner.warm_start(_tensors_of(job.warm_start))
    return learner, footage


def _launch(job: PairJob, processes: int) -> None:
    """Start one process for each device by torchrun, and wait."""
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
        *("--nproc-per-node", str(processes), "-m", WORKER, job.as_json()),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    print(done.stdout, done.stderr, sep="\n")
    if done.returncode:
        raise DeviceError(
            f"Training in {processes} processes failed; the log says in which and why. "
            "With swap.gpus: 1 it runs in one."
        )


def _write(job: PairJob, learner: PairLearner, result: Result, footage: PairFootage) -> None:
    facts = {
        "swapper": job.swapper,
        "preset": job.preset,
        "seed": job.seed,
        "warm_start": job.warm_start and str(job.warm_start),
        "frames": {
            "person": len(footage.person),
            "performer": len(footage.performer),
            "held_out": len(footage.held_out),
        },
        "expression_error": learner.expression_error(result.network),
        **result.facts,
    }
    with replacing(job.training) as partial:
        partial.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    _write_picture(job.preview, learner.preview(result.network))  # type: ignore[attr-defined]


def _write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    with replacing(path) as partial:
        cv2.imwrite(str(partial), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def _fingerprint(job: PairJob, footage: PairFootage) -> str:
    """Of everything that the weights depend on."""
    parts = [job.swapper, job.preset, str(job.samples), str(job.seed), job.code, job.device]
    parts += [f.digest() for f in (footage.person, footage.performer, footage.held_out)]
    if job.warm_start is not None:
        parts.append(hashlib.sha256(job.warm_start.read_bytes()).hexdigest())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _tensors_of(path: Path) -> dict[str, NDArray[Any]]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"swap.warm_start: {path} cannot be read as a model ({error}).") from error
