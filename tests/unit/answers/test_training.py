"""Is training still needed: the sentence, the break-even and the page follow from the numbers."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mythmeter.answers.training import METRICS, answer, compare_swaps, with_break_even

REPOSITORY = Path(__file__).parents[3]


def table(**trained: float) -> pd.DataFrame:
    common = {
        "person": "a",
        "target": "b",
        "identity_to_person": 0.40,
        "own_frames": 0.20,
        "expression_error": 1.0,
        "learn_s": 5.0,
        "draw_s_per_min": 30.0,
        "preset": None,
        "name": "closed_form",
    }
    quick = {**common, "preset": "quick", "name": "trained, quick", "learn_s": 100.0, **trained}
    return pd.DataFrame([common, quick])


@pytest.mark.parametrize(
    ("distance", "verdict", "said"),
    [
        (0.30, "Yes", "came 0.100 nearer, 50% of what was left"),
        (0.39, "No", "came 0.010 nearer, 5% of what was left"),
        (0.45, "No", "was 0.050 further from the person"),
    ],
)
def test_the_answer_follows_from_the_distances(distance: float, verdict: str, said: str) -> None:
    sentence = answer(table(identity_to_person=distance))
    assert sentence.startswith(f"{verdict}: without training the swap lay 0.400 from the person")
    assert said in sentence
    assert "after 100 s, 20 times as long" in sentence


def test_without_both_kinds_there_is_no_answer() -> None:
    assert "nothing to compare" in answer(table().iloc[:1])
    assert "nothing to compare" in answer(table().iloc[1:])


def test_identity_that_was_not_measured_is_said() -> None:
    assert "no answer" in answer(table(identity_to_person=float("nan")))


def test_break_even_is_where_both_have_cost_the_same() -> None:
    rows = with_break_even(table(draw_s_per_min=20.0))
    minutes = rows["break_even_min"].iloc[1]
    assert 5 + 30 * minutes == pytest.approx(100 + 20 * minutes)
    assert pd.isna(rows["break_even_min"].iloc[0])
    assert rows["equal_min"].tolist() == pytest.approx([5 / 30, 100 / 20])


def test_who_draws_no_faster_never_breaks_even() -> None:
    assert pd.isna(with_break_even(table(draw_s_per_min=30.0))["break_even_min"].iloc[1])


def usage(path: Path, cpu_s: float, device: str = "cpu") -> Path:
    line = {
        "phase": "steady",
        "work": {"frames": 50},
        "cpu_s": cpu_s,
        "wall_s": cpu_s / 4,
        "device": device,
        "device_indices": ["0"] if device == "cuda" else [],
        "machine": {"processor": "Test", "logical_cores": 2},
    }
    path.write_text(json.dumps(line) + "\n")
    return path


def test_the_page_stands_alone_and_shows_both_swaps(tmp_path: Path) -> None:
    rows, scores, strips, drawing, learning, tables = [], [], [], [], [], []
    for number, preset in enumerate((None, "quick")):
        swapper = "trained" if preset else "closed_form"
        rows.append(
            {"render": f"r{number}", "person": "ann", "target": "bob", "swapper": swapper}
            | {"preset": preset}
        )
        metric = {"value": 0.4 - 0.1 * number, "controls": {"person_to_own_frames": 0.2}}
        score = tmp_path / f"score{number}.json"
        score.write_text(json.dumps({"metrics": dict.fromkeys(METRICS, metric)}))
        scores.append(score)
        strips.append(tmp_path / f"strip{number}.jpg")
        strips[-1].write_bytes(b"picture")
        drawing.append(usage(tmp_path / f"draw{number}.jsonl", 1.0))
        learning.append(usage(tmp_path / f"learn{number}.jsonl", 10.0 + 90 * number))
        tables.append(tmp_path / f"table{number}.parquet")
        pq.write_table(
            pa.table({"frame": [1]}).replace_schema_metadata({"rate": "25/1"}), tables[-1]
        )
    folder = tmp_path / "ann" / "trained" / "quick" / "bob"
    folder.mkdir(parents=True)
    look = {"samples": 9, "loss": 1.0, "held_out_error": 2.0, "cpu_s": 3.0}
    nearer = {**look, "cpu_s": 6.0, "identity_to_person": 0.5}
    facts = {"swapper": "trained", "preset": "quick", "samples": 9, "batch": 4, "micro_batch": 2}
    facts |= {"precision": "float32", "parameters": 1e6, "ended": "the schedule ended"}
    facts |= {"frames": {"person": 5, "performer": 6, "held_out": 7}, "history": [look, nearer]}
    facts |= {"expression_error": {"trained_on": 3.25, "held_out": 4.5}}
    (folder / "training.json").write_text(json.dumps(facts))
    page = tmp_path / "page.html"
    compare_swaps(
        rows,
        scores=scores,
        strips=strips,
        drawing=drawing,
        learning=learning,
        tables=tables,
        trainings=[folder / "training.json"],
        template=REPOSITORY / "reports" / "templates" / "training.html.j2",
        page=page,
        source="make experiments",
        parquet=tmp_path / "training.parquet",
        csv=tmp_path / "training.csv",
    )
    written = pd.read_parquet(tmp_path / "training.parquet").set_index("swapper")
    assert written.loc["trained", ["learn_s", "samples", "n"]].tolist() == [100.0, 9, 1]
    assert pd.isna(written.loc["closed_form", "samples"])
    assert "trained, quick: 9 samples" in written.loc["closed_form", "scope"]
    text = page.read_text()
    assert "Yes: without training the swap lay 0.400 from the person after 10 s" in text
    assert text.count("data:image/jpeg;base64,") == 2
    assert text.count("data:image/svg+xml;base64,") == 3
    assert "How soon does training look like the person?" in text
    assert "trained, quick: ann on bob" in text
    assert "gathered from micro-batches of 2" in text
    assert "4.50 held out" in text
    assert "http" not in text.replace("http://www.w3.org", "")
