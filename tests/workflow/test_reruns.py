"""Only what changed runs again: dry runs after one finished run."""

import shutil

import pytest

from mythmeter.code_version import PACKAGE
from mythmeter.usage.export import export_records

pytestmark = pytest.mark.workflow

SPOKEN = {"speak_script", "plan_render", "drive_lips", "sync_lips"}
ENCODED = {"composite", "assemble", "mark_render", "verify_render", "score_render"}
ENCODED |= {"compare_render"}
PROFILE = {"gather_usage", "gather_machines", "draw_charts", "answer_questions", "write_report"}
PROFILE |= {"show_quality"}
FACES = {"track_faces", "crop_faces", "train_swap", "swap_faces"}


def test_nothing_changed_nothing_runs(example):
    assert example.planned() == set()


def test_another_script_speaks_syncs_and_renders_again_but_keeps_the_faces(variant):
    sheet = variant.folder / "renders.tsv"
    before = sheet.read_text()
    after = before.replace("talked about the sea", "talked of the sea").replace(
        "has a price", "has its price"
    )
    assert after != before
    sheet.write_text(after)
    assert variant.planned() == SPOKEN | ENCODED | PROFILE


def test_another_price_redraws_the_charts_only(variant):
    prices = variant.folder / "prices.csv"
    prices.write_text(prices.read_text().replace("0.526", "0.527"))
    assert variant.planned() == {"draw_charts", "answer_questions", "write_report"}


def test_another_likeness_is_compared_with_again(variant):
    likenesses = list((variant.folder / "people").glob("*.likeness.json"))
    if not likenesses:
        pytest.skip("nobody real here: no shared media")
    for path in likenesses:
        path.write_text(path.read_text().replace("0.", "0.1", 1))
    assert {"match_face", "match_voice"} <= variant.planned()


def test_a_record_set_dropped_in_is_gathered_and_answered_from_alone(variant):
    export_records(variant.results, variant.folder / "records" / "laptop")
    variant.change(records="records")
    assert variant.planned() == {"gather_machines", "answer_questions"}


def test_another_crf_encodes_again_and_onward(variant):
    variant.change(render__crf=24)
    assert variant.planned() == ENCODED | PROFILE


@pytest.mark.parametrize(
    ("module", "first", "untouched"),
    [
        ("faces/track.py", "track_faces", {"normalise_clip", "enrol_voice", "speak_script"}),
        ("swap/train.py", "train_swap", {"track_faces", "crop_faces", "enrol_voice"}),
        ("answers/charts.py", "draw_charts", FACES | SPOKEN | ENCODED),
    ],
)
def test_an_edited_module_reruns_its_stage_and_onward(variant, tmp_path, module, first, untouched):
    copy = tmp_path / "src" / "mythmeter"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "config").symlink_to(PACKAGE.parents[1] / "config")
    with (copy / module).open("a") as file:
        file.write("\n# edited\n")
    variant.environment["PYTHONPATH"] = str(copy.parent)
    planned = variant.planned()
    assert first in planned
    assert "write_report" in planned
    assert planned & untouched == set()
