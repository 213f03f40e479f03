"""A detector of the user's: what it sees, what it says, and what is refused."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from detector_graphs import write_detector
from painted import write_clip

from mythmeter.answers.detectability import judge, read_scores
from mythmeter.errors import DeviceError, ModelError
from mythmeter.quality.detector import Clip, Detector, Preparation, score_detector
from mythmeter.usage.record import UsageRecord

CPU = "CPUExecutionProvider"
AS_IT_IS = Preparation((0, 0, 0), (1, 1, 1))


def red(share: float, frames: int = 1) -> list[np.ndarray]:
    picture = np.zeros((32, 48, 3), np.uint8)
    picture[..., 0] = round(255 * share)
    return [picture] * frames


@pytest.mark.parametrize(("batch", "outputs"), [("N", 1), (1, 1), (4, 2), ("N", 2)])
def test_a_frame_gets_the_probability_that_the_graph_gives(
    tmp_path: Path, batch: int | str, outputs: int
) -> None:
    graph = write_detector(tmp_path / "d.onnx", batch=batch, outputs=outputs)
    detector = Detector(graph, CPU, AS_IT_IS)
    frames = (red(0.2) + red(0.8))[: detector.batch]
    assert detector(frames) == pytest.approx([0.2, 0.8][: len(frames)], abs=0.01)


def test_frames_are_prepared_as_the_configuration_says(tmp_path: Path) -> None:
    graph = write_detector(tmp_path / "d.onnx")
    detector = Detector(graph, CPU, Preparation((0.4, 0, 0), (0.5, 1, 1)))
    assert detector(red(0.8)) == pytest.approx([0.8], abs=0.01)
    assert detector(red(0.6)) == pytest.approx([0.4], abs=0.01)


def scores_of(tmp_path: Path, every_frames: int) -> Path:
    bright = write_clip(tmp_path / "a.mp4", red(0.9, 6) + red(0.3, 6), Fraction(25))
    dark = write_clip(tmp_path / "b.mp4", red(0.1, 5), Fraction(25))
    score_detector(
        [Clip("render a", "rendered", bright), Clip("footage, b", "real", dark)],
        model=write_detector(tmp_path / "net.onnx", batch=2),
        provider=CPU,
        preparation=AS_IT_IS,
        every_frames=every_frames,
        scores=tmp_path / "scores.csv",
        record=UsageRecord("score_detector", {}),
    )
    return tmp_path / "scores.csv"


def test_a_clip_gets_the_mean_of_its_frames_in_the_table_that_answers_read(tmp_path: Path) -> None:
    table = read_scores(scores_of(tmp_path, every_frames=1)).set_index("clip")
    assert table.at["render a", "score"] == pytest.approx(0.6, abs=0.03)
    assert table.at["footage, b", "score"] == pytest.approx(0.1, abs=0.03)
    assert table["label"].tolist() == ["rendered", "real"]
    assert set(table["detector"]) == {"net"}
    assert judge(table.reset_index(), "x")[0].auc.value == 1.0


def test_frames_are_sampled(tmp_path: Path) -> None:
    # Frames 0 and 11: one of the bright half, one of the other.
    table = read_scores(scores_of(tmp_path, every_frames=11)).set_index("clip")
    assert table.at["render a", "score"] == pytest.approx(0.6, abs=0.03)
    # Frames 0, 5 and 10: two of the bright half.
    table = read_scores(scores_of(tmp_path, every_frames=5)).set_index("clip")
    assert table.at["render a", "score"] == pytest.approx(0.7, abs=0.03)


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        ({"channels": 1}, "must have one float32 input"),
        ({"side": "S"}, "of fixed height and width"),
        ({"outputs": 3}, "one or two probabilities a picture"),
        ({"gain": 5.0}, "are no probabilities. Export it with its sigmoid"),
    ],
)
def test_another_graph_is_one_clear_message(tmp_path: Path, graph: dict, said: str) -> None:
    path = write_detector(tmp_path / "d.onnx", **graph)
    with pytest.raises(ModelError, match=said):
        Detector(path, CPU, AS_IT_IS)(red(0.9))


def test_a_file_that_is_no_graph_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "d.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelError, match="cannot be loaded as an ONNX graph"):
        Detector(tmp_path / "d.onnx", CPU, AS_IT_IS)


def test_the_cpu_never_takes_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = write_detector(tmp_path / "d.onnx")
    with pytest.raises(DeviceError, match=r"answers\.detector\.provider: OpenVINO"):
        Detector(graph, "OpenVINOExecutionProvider", AS_IT_IS)
    session, cuda = onnxruntime.InferenceSession, "CUDAExecutionProvider"
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [cuda, CPU])
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda path, options, providers: session(path, options, providers=[CPU]),
    )
    with pytest.raises(DeviceError, match="Nothing was scored: name CPUExecutionProvider"):
        Detector(graph, cuda, AS_IT_IS)
