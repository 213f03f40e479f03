"""Training a pair: what comes out, going on after a kill, several processes, clear refusals."""

import json
import multiprocessing
import random
import subprocess
from dataclasses import replace
from pathlib import Path

import killed_training
import numpy as np
import pytest
import torch
from drawn_faces import ABSENT, PERFORMER, Files, swap, write_face
from safetensors.numpy import load_file

from mythmeter.errors import ConfigError, DeviceError, FaceError, ModelError
from mythmeter.faces.table import read_crops
from mythmeter.media.decode import read_frames
from mythmeter.swap import presets, train_pair
from mythmeter.swap.dataset import read_pair
from mythmeter.swap.learning.checkpoint import read_checkpoint, write_checkpoint
from mythmeter.swap.learning.schedule import Schedule
from mythmeter.swap.presets import CropSize
from mythmeter.swap.swappers import pair_swapper, person_swapper
from mythmeter.swap.train_pair import PairJob
from mythmeter.usage.record import UsageRecord


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presets, "TEXTURE_PRESETS", dict(presets.TEXTURE_PRESETS))
    killed_training.add_tiny_preset()
    from mythmeter.swap.swappers import trained

    monkeypatch.setattr(trained, "TEXTURE_PRESETS", presets.TEXTURE_PRESETS)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def job_in(folder: Path, person: Files, performer: Files, **changes: object) -> PairJob:
    job = PairJob(
        person=(person,),
        performer=performer,
        model=folder / "model.safetensors",
        training=folder / "training.json",
        preview=folder / "preview.jpg",
        swapper="trained",
        preset=killed_training.TINY,
        held_out="tail",
        enrolment_frames=50,
        seed=1,
        device="cpu",
        code="",
    )
    return replace(job, **changes)  # type: ignore[arg-type]


def run(job: PairJob) -> dict:
    train_pair.train_pair(job, processes=1, record=UsageRecord("train_pair", {}))
    return json.loads(job.training.read_text())


def test_a_trained_face_is_drawn_where_the_performers_is(
    person: Files, performer: Files, tmp_path: Path
) -> None:
    job = job_in(tmp_path, person, performer)
    facts = run(job)
    assert facts["frames"] == {"person": 50, "performer": 26, "held_out": 6}
    assert facts["history"][-1]["held_out_error"] < facts["history"][0]["held_out_error"]
    assert not job.checkpoint.exists()
    video, table = swap(job.model, performer, tmp_path / "faces", swapper="trained")
    before, after = read_crops(performer[1]), read_crops(table)
    assert after.present.tolist() == before.present.tolist()
    pictures = np.stack(list(read_frames(video))).astype(int)
    footage = np.stack(list(read_frames(performer[0]))).astype(int)
    assert np.array_equal(pictures[list(ABSENT)], footage[list(ABSENT)])
    present = np.flatnonzero(after.present)
    assert np.abs(pictures - footage)[present].max(axis=(1, 2, 3)).min() > 20


def test_the_way_to_the_person_is_measured_without_changing_what_is_trained(
    person: Files, performer: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class MeanColour:
        """Stands for dlib's network, whose weights these drawn faces have no need of."""

        def __init__(self, *_: Path) -> None:
            pass

        def embed(self, picture: np.ndarray, points: np.ndarray) -> np.ndarray:
            low, high = (f(points, axis=0).astype(int) for f in (np.min, np.max))
            return picture[low[1] : high[1], low[0] : high[0]].mean(axis=(0, 1)) / 255

    monkeypatch.setattr(train_pair, "FaceEncoder", MeanColour)
    plain = job_in(tmp_path / "plain", person, performer)
    watched = job_in(
        tmp_path / "watched", person, performer, identity=(Path("points"), Path("face"))
    )
    before, after = run(plain), run(watched)
    measured = [look["identity_to_person"] for look in after["history"]]
    assert "identity_to_person" not in before["history"][0]
    assert len(measured) == len(before["history"]) and 0 < min(measured) < 1
    one, other = load_file(plain.model), load_file(watched.model)
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_flops_are_counted_after_training_and_change_nothing_that_it_wrote(
    person: Files, performer: Files, tmp_path: Path
) -> None:
    plain, counted = (
        job_in(tmp_path / "a", person, performer),
        job_in(tmp_path / "b", person, performer),
    )
    run(plain)
    record = UsageRecord("train_pair", {})
    train_pair.train_pair(counted, processes=1, record=record, flops=True)
    record.write(tmp_path / "u.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "u.jsonl").read_text().splitlines()]
    assert [line["phase"] for line in lines] == ["steady", "flops", "other"]
    facts = json.loads(counted.training.read_text())
    one = train_pair.count_training(counted, 1, 1).flops
    assert lines[0]["flops"] == pytest.approx(one * facts["samples"], rel=0.01)
    assert one > 0
    assert any("grid_sampler" in name for name in lines[0]["flops_uncounted"])
    assert lines[0]["precision"] == facts["precision"]
    assert counted.model.read_bytes() == plain.model.read_bytes()


def test_flops_of_half_a_training_are_not_given_out_for_the_whole(
    person: Files, performer: Files, tmp_path: Path
) -> None:
    job = job_in(tmp_path, person, performer)
    job.checkpoint.write_bytes(b"of another code")
    record = UsageRecord("train_pair", {})
    train_pair.train_pair(job, processes=1, record=record, flops=True)
    assert isinstance(record.flops, str)
    assert "checkpoint" in record.flops


def test_the_autoencoder_draws_a_face_too(
    person: Files, performer: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = CropSize(crop_px=32, encoder=(4, 8, 8, 8), code=8, bottom=8, decoder=(8, 4, 4))
    tiny = Schedule(samples=16, batch=4, learning_rate=1e-3, validate_every=8, patience=9)
    monkeypatch.setitem(presets.CROP_PRESETS, "tiny", (tiny, size))
    job = job_in(tmp_path, person, performer, swapper="autoencoder")
    assert run(job)["samples"] == 16
    video, _ = swap(job.model, performer, tmp_path / "faces", swapper="autoencoder")
    assert len(list(read_frames(video))) == 30


def test_a_killed_training_goes_on_to_the_very_same_weights(
    person: Files, performer: Files, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = job_in(tmp_path / "whole", person, performer)
    killed = job_in(tmp_path / "killed", person, performer, every_s=0.0)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["killed_training"])

    def train(job: PairJob, kill_before: int | None) -> int | None:
        process = context.Process(target=killed_training.train, args=(job.as_json(), kill_before))
        process.start()
        process.join()
        return process.exitcode

    assert train(whole, None) == 0
    kills = sorted(random.sample(range(2, killed_training.STEPS), 3))
    for step in kills:
        assert train(killed, step) == -9
        assert killed.checkpoint.exists()
        assert not killed.model.exists()
    assert train(killed, None) == 0
    said = capfd.readouterr().out
    for step in kills:
        assert f"Going on after step {step - 1} of {killed_training.STEPS}" in said
    ours, theirs = load_file(killed.model), load_file(whole.model)
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_a_checkpoint_of_other_settings_is_passed_over(
    person: Files, performer: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = job_in(tmp_path, person, performer)
    write_checkpoint(job.checkpoint, {"loss": torch.zeros(())}, {"fingerprint": "another"})
    assert read_checkpoint(job.checkpoint, "this") is None
    assert "of other footage, settings or code; training starts anew" in capsys.readouterr().out
    job.checkpoint.write_bytes(b"half a file")
    assert read_checkpoint(job.checkpoint, "this") is None
    assert "cannot be read" in capsys.readouterr().out


def test_two_processes_learn_what_one_learns(
    person: Files, performer: Files, tmp_path: Path
) -> None:
    alone = job_in(tmp_path / "one", person, performer, preset="quick", samples=32)
    alone = replace(alone, enrolment_frames=30)
    team = replace(
        alone,
        model=tmp_path / "two" / "model.safetensors",
        training=tmp_path / "two" / "training.json",
        preview=tmp_path / "two" / "preview.jpg",
    )
    run(alone)
    train_pair.train_pair(team, processes=2, record=UsageRecord("train_pair", {}))
    facts = json.loads(team.training.read_text())
    assert (facts["processes"], facts["samples"], facts["micro_batch"]) == (2, 32, 8)
    one, two = load_file(alone.model), load_file(team.model)
    moved = max(float(np.abs(one[name] - two[name]).max()) for name in one if "encoder" in name)
    assert moved < 0.01


def test_a_process_that_fails_is_one_message(
    person: Files, performer: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = []

    def fail(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, "", "rank 1: no memory")

    monkeypatch.setattr(train_pair.subprocess, "run", fail)
    job = job_in(tmp_path, person, performer)
    with pytest.raises(DeviceError, match="in 4 processes failed"):
        train_pair.train_pair(job, processes=4, record=UsageRecord("train_pair", {}))
    assert commands[0][1:6] == [
        *("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "4")
    ]
    assert PairJob.from_json(commands[0][-1]) == job


def test_a_warm_start_begins_with_the_other_pairs_encoder(
    person: Files, performer: Files, tmp_path: Path
) -> None:
    first = job_in(tmp_path / "first", person, performer)
    run(first)
    kind = pair_swapper("trained")
    pair = read_pair([person], performer, limit=30, held_out="tail")
    learner = kind.learner(pair, killed_training.TINY, torch.device("cpu"))
    learner.warm_start(load_file(first.model))
    known = load_file(first.model)["encoder.code.weight"]
    assert np.array_equal(learner.network.encoder.code.weight.detach().numpy(), known)
    with pytest.raises(ModelError, match="encoder does not fit"):
        learner.warm_start({"encoder.code.weight": known[:2]})


def test_the_last_clip_is_held_out_if_asked(person: Files, performer: Files) -> None:
    pair = read_pair([performer, person], performer, limit=99, held_out="clip")
    assert (len(pair.person), len(pair.held_out)) == (26, 60)
    with pytest.raises(FaceError, match="only clip"):
        read_pair([person], performer, limit=99, held_out="clip")


def test_too_few_frames_of_the_performer_are_refused(person: Files, tmp_path: Path) -> None:
    short = write_face(tmp_path, PERFORMER, 8)
    with pytest.raises(FaceError, match="8 frames show the performer's face"):
        read_pair([person], short, limit=99, held_out="tail")


def test_each_rule_refuses_the_others_swappers() -> None:
    with pytest.raises(ConfigError, match="rule train_pair"):
        person_swapper("trained")
    with pytest.raises(ConfigError, match="rule train_swap"):
        pair_swapper("closed_form")
