import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mythmeter.config import Project
from mythmeter.errors import ConfigError, ConsentError, DeviceError
from mythmeter.usage.device import DEVICE_VARIABLE

Load = Callable[..., Project]
Edit = Callable[[str, str, str], None]


def test_the_built_in_example_is_one_render_of_a_synthetic_person(load: Load) -> None:
    project = load(device="cpu")
    assert project.folder == Path()
    assert project.results == Path("results")
    render = project.renders["demo"]
    assert (render.person, render.target) == ("ada", "langer")
    assert (render.start_s, render.end_s) == (10.2, None)
    assert render.script.startswith("I am Ada")
    assert (render.swapper, render.synthesiser, render.syncer) == (
        "closed_form",
        "kokoro",
        "rewrite",
    )
    assert project.people["ada"].kind == "synthetic"
    assert project.people["ada"].face_clips == ("ada.a",)
    assert project.clips["ada.a"].path == Path("resources/people/ada/ada.mp4")
    assert project.languages("ada") == ("en",)


def own_project(folder: Path, row: str = "hi\tme\tscene\thello\n") -> Path:
    """Write a small project of one's own; only what differs from the built-in example."""
    (folder / "people").mkdir(parents=True)
    (folder / "config.yaml").write_text(
        "paths:\n  results: out\n  reports: out/reports\nrenders: sheet.tsv\npeople: people\n"
        "footage:\n  scene:\n    path: scene.mp4\n    licence: mine\n"
    )
    (folder / "sheet.tsv").write_text("name\tperson\ttarget\tscript\n" + row)
    (folder / "people" / "me.yaml").write_text(
        "name: me\nkind: person\nconsent: me.json\n"
        "clips:\n  a:\n    path: a.mp4\n    shows: [face]\n"
        "  b:\n    path: b.mp4\n    shows: [voice]\n"
    )
    for name in ("scene.mp4", "a.mp4", "b.mp4", "me.json"):
        (folder / name).write_text("")
    return folder / "config.yaml"


def test_a_place_that_cannot_be_written_to_stops_the_run_before_any_work(
    load: Load, tmp_path: Path
) -> None:
    file = own_project(tmp_path / "mine")
    (tmp_path / "mine" / "out").write_text("a file where the results should go")
    with pytest.raises(ConfigError, match=r"paths\.results: .*/mine/out cannot be written to: "):
        load(file)


def test_paths_of_a_configfile_are_relative_to_its_own_folder(load: Load, tmp_path: Path) -> None:
    file = own_project(tmp_path / "mine")
    project = load(file)
    assert project.folder == tmp_path / "mine"
    assert project.results == tmp_path / "mine" / "out"
    assert project.clips["scene"].path == tmp_path / "mine" / "scene.mp4"
    assert project.clips["me.b"].path == tmp_path / "mine" / "b.mp4"
    assert project.people["me"].consent == tmp_path / "mine" / "me.json"
    assert project.people["me"].voice_clips == ("me.b",)
    # Not set by the file: the built-in configuration's, relative to the working directory.
    assert project.prices == Path("config/prices.csv")
    assert project.clips["langer"].path == Path("resources/models/WolfgangLanger_Pexels.mp4")


def test_a_target_is_the_persons_own_where_it_is_the_same_file(load: Load, checkout: Path) -> None:
    file = own_project(checkout / "mine")
    assert not load(file).target_is_own("hi")
    own = next(load(file).clips[clip].path for clip in load(file).people["me"].face_clips)
    file.write_text(file.read_text().replace("scene.mp4", own.name))
    assert load(file).target_is_own("hi")


def test_paths_inside_the_working_directory_stay_relative_to_it(load: Load, checkout: Path) -> None:
    project = load(own_project(checkout / "mine"))
    assert project.results == Path("mine/out")
    assert project.people["me"].consent == Path("mine/me.json")


def test_a_value_of_the_command_line_is_relative_to_the_working_directory(
    load: Load, tmp_path: Path
) -> None:
    file = own_project(tmp_path / "mine")
    assert load(file, paths={"results": "elsewhere"}).results == Path("elsewhere")


def test_the_last_of_two_configfiles_wins(load: Load, tmp_path: Path) -> None:
    first, second = own_project(tmp_path / "mine"), tmp_path / "more" / "over.yaml"
    second.parent.mkdir()
    second.write_text("paths:\n  results: later\n")
    project = load(first, second)
    assert project.results == tmp_path / "more" / "later"
    assert project.reports == tmp_path / "mine" / "out" / "reports"


def test_a_misspelt_key_is_named_with_file_line_and_the_near_one(load: Load, edit: Edit) -> None:
    edit("config.yaml", "  equaliser_strength: 0.5", "  equalizer_strength: 0.5")
    with pytest.raises(ConfigError) as error:
        load()
    text = (Path("config/config.yaml")).read_text().splitlines()
    line = 1 + next(n for n, x in enumerate(text) if "equalizer" in x)
    assert f"config/config.yaml, line {line}: unknown key 'voice.equalizer_strength'" in str(
        error.value
    )
    assert "Did you mean 'equaliser_strength'?" in str(error.value)


def test_a_fault_in_an_overlay_is_found_in_the_overlay(load: Load, tmp_path: Path) -> None:
    file = own_project(tmp_path / "mine")
    file.write_text(file.read_text() + "render:\n  crf: best\n")
    with pytest.raises(ConfigError, match=r"mine/config.yaml, line 11: render.crf is 'best'"):
        load(file)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("swapper: closed_form", "swapper: closed_from", "Did you mean 'closed_form'"),
        ("landmarks: facemesh", "landmarks: dlib", "Known: facemesh, fan"),
        ("crf: 12", "crf: 99", "ingest.crf is 99; it must be at most 51"),
        ("crop_px: 256", "crop_px: -2", "faces.crop_px is -2; it must be at least 64"),
        ("device: auto", "device: gpu", "device is 'gpu'"),
        ("  crf: 12\n", "", "ingest lacks 'crf'"),
        ("    licence: Pexels licence\n", "", "footage.langer lacks 'licence'. Say what lets"),
        ("licence: Pexels licence", "licence: ''", "footage.langer.licence is empty"),
        ("  langer:", "  Langer Two:", "'Langer Two' is not an id"),
        ("text: null", "text: holiday", "render.label.text is 'holiday'. It must say"),
        ("off_reason: null", "off_reason: ''", "needs a reason of 10 characters"),
        ("off_reason: null", "off_reason: because", "needs a reason of 10 characters"),
        ("position: top-left", "position: off", "render.label.position is"),
        ("size: 0.045", "size: 0", "render.label.size is 0"),
        ("renders: config/renders.tsv", "renders: config/none.tsv", "there is no such file"),
        ("people: config/people", "people: config/nobody", "config/nobody is not a folder"),
        ("results: results", "results: config/config.yaml/x", "is not a folder"),
        ("results: results", "results: 'a{b}'", "{ }"),
        ("results: results", r'results: "a\0b"', "control character"),
    ],
)
def test_a_faulty_value_is_named(load: Load, edit: Edit, old: str, new: str, message: str) -> None:
    edit("config.yaml", old, new)
    with pytest.raises(ConfigError) as error:
        load()
    assert message in str(error.value)


def test_a_key_given_twice_is_refused(load: Load, edit: Edit) -> None:
    edit("config.yaml", "device: auto", "device: auto\ndevice: cpu")
    with pytest.raises(ConfigError, match="key 'device' is given twice"):
        load()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("hi\tyou\tscene\thello\n", "line 2: unknown person 'you'. Known: me."),
        ("hi\tme\tscenes\thello\n", "unknown target 'scenes'. Did you mean 'scene'?"),
    ],
)
def test_unknown_names_in_the_sheet_are_named(
    load: Load, tmp_path: Path, row: str, message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        load(own_project(tmp_path / "mine", row))
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("5\t5\ten", "line 2: start_s (5) is not before end_s (5)"),
        ("6\t5\ten", "line 2: start_s (6) is not before end_s (5)"),
        ("0\t5\tde", "line 2: synthesiser kokoro does not speak language 'de'. Known: en"),
    ],
)
def test_a_row_that_cannot_be_made_is_refused(
    load: Load, tmp_path: Path, cells: str, message: str
) -> None:
    file = own_project(tmp_path / "mine")
    (tmp_path / "mine" / "sheet.tsv").write_text(
        f"name\tperson\ttarget\tscript\tstart_s\tend_s\tlanguage\nhi\tme\tscene\thello\t{cells}\n"
    )
    with pytest.raises(ConfigError) as error:
        load(file)
    assert message in str(error.value)


def test_a_person_without_a_voice_clip_cannot_be_rendered(load: Load, tmp_path: Path) -> None:
    file = own_project(tmp_path / "mine")
    person = tmp_path / "mine" / "people" / "me.yaml"
    person.write_text(person.read_text().replace("[voice]", "[face]"))
    with pytest.raises(ConfigError, match="no clip of me shows a voice"):
        load(file)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: me", "name: Me", "line 1: name is 'Me'"),
        ("name: me", "name: you", "the file is called me.yaml"),
        ("name: me", 'name: "me\\n"', "both must be the same id"),
        ("kind: person", "kind: nobody", "kind is 'nobody'"),
        ("  b:", "  ../b:", "'../b' is not an id"),
        ("path: b.mp4", "path: a.mp4", "clips me.a and me.b are the same file"),
        ("path: b.mp4", r'path: "b\0.mp4"', "control character"),
        ("[voice]", "[voices]", "Did you mean 'voice'?"),
        ("consent: me.json\n", "", "lacks 'consent'"),
        ("consent:", "concent:", "unknown key 'concent'. Did you mean 'consent'?"),
        ("[voice]", "[voice", "not valid YAML"),
    ],
)
def test_a_fault_in_a_persons_file_is_named(
    load: Load, tmp_path: Path, old: str, new: str, message: str
) -> None:
    file = own_project(tmp_path / "mine")
    person = tmp_path / "mine" / "people" / "me.yaml"
    person.write_text(person.read_text().replace(old, new))
    with pytest.raises(ConfigError) as error:
        load(file)
    assert message in str(error.value)
    assert "me.yaml, line" in str(error.value)


def test_a_person_without_a_record_stops_the_run(load: Load, tmp_path: Path) -> None:
    file = own_project(tmp_path / "mine")
    (tmp_path / "mine" / "me.json").unlink()
    with pytest.raises(ConsentError, match="me has no consent record"):
        load(file)


def test_a_clip_in_a_bucket_is_for_snakemake_to_find(load: Load, checkout: Path) -> None:
    file = own_project(checkout / "mine")
    (checkout / "mine" / "scene.mp4").unlink()
    assert "scene" in load(file, stored="s3://mine/run").clips


def test_a_bucket_that_snakemake_was_not_told_of_stops_the_run(load: Load) -> None:
    for stored in (None, "s3://another/run"):
        with pytest.raises(ConfigError, match=r"paths\.bucket is s3://mine/run.*mythmeter run"):
            load(paths={"bucket": "s3://mine/run"}, stored=stored)
    assert load(paths={"bucket": "s3://mine/run"}, stored="s3://mine/run").renders


def test_an_absolute_path_is_no_key_in_a_bucket(load: Load, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"paths\.results: .*/mine/out is absolute"):
        load(own_project(tmp_path / "mine"), stored="s3://mine/run")


@pytest.mark.parametrize("bucket", ["mine/run", "s3://", "s3://mine/run/", "gs://mine"])
def test_a_bucket_is_named_as_s3_names_it(load: Load, bucket: str) -> None:
    with pytest.raises(ConfigError, match="without a slash at the end"):
        load(paths={"bucket": bucket}, stored=bucket)


def test_a_missing_clip_stops_the_run(load: Load, tmp_path: Path) -> None:
    file = own_project(tmp_path / "mine")
    (tmp_path / "mine" / "scene.mp4").unlink()
    with pytest.raises(ConfigError, match=r"clip scene: there is no file .*scene\.mp4"):
        load(file)


def test_the_device_is_said_once_and_inherited_by_jobs(
    load: Load, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MYTHMETER_FAKE_GPUS", "1")
    assert load().device == "cuda"
    assert capsys.readouterr().err.count("Device: cuda") == 1
    monkeypatch.setenv("MYTHMETER_FAKE_GPUS", "0")  # a job may land where no GPU is
    assert load(main=False).device == "cuda"
    assert capsys.readouterr().err == ""


def test_cuda_without_a_gpu_stops_the_run(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mythmeter.usage.claim.gpu_indices", lambda: ())
    with pytest.raises(DeviceError, match="no NVIDIA GPU"):
        load(device="cuda")


def test_a_head_node_without_a_gpu_neither_stops_a_cluster_nor_decides_for_it(
    load: Load, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mythmeter.usage.claim.gpu_indices", lambda: ())
    assert load(device="cuda", cluster=True).device == "cuda"
    assert load(cluster=True).device == "cuda"
    assert "Device: what each job is granted (device: auto" in capsys.readouterr().err
    assert DEVICE_VARIABLE not in os.environ


@pytest.mark.parametrize(("wanted", "device"), [("auto", "cuda"), ("cuda", "cuda"), ("cpu", "cpu")])
def test_a_job_sent_to_a_node_uses_what_it_is_granted(
    load: Load, monkeypatch: pytest.MonkeyPatch, wanted: str, device: str
) -> None:
    monkeypatch.setenv(DEVICE_VARIABLE, "cpu")  # the machine that planned must not be heard
    load(device=wanted, main=False, cluster=True)
    assert os.environ[DEVICE_VARIABLE] == device


def test_a_row_overrides_the_backend_of_the_configuration(load: Load, tmp_path: Path) -> None:
    file = own_project(tmp_path / "mine")
    (tmp_path / "mine" / "sheet.tsv").write_text(
        "name\tperson\ttarget\tscript\tswapper\tfit\nhi\tme\tscene\thello\tclosed_form\tloop\n"
    )
    render = load(file).renders["hi"]
    assert (render.swapper, render.fit) == ("closed_form", "loop")


def test_thousands_of_renders_load_and_keep_their_order(load: Load, tmp_path: Path) -> None:
    rows = "".join(f"r{n}\tme\tscene\tsentence number {n}\n" for n in range(4200))
    project = load(own_project(tmp_path / "mine", rows))
    assert len(project.renders) == 4200
    assert list(project.renders)[-1] == "r4199"


def test_the_configuration_is_light_to_import(repository: Path) -> None:
    code = (
        "import json, sys, yaml; from pathlib import Path\n"
        "from mythmeter.config import load_project\n"
        "load_project(yaml.safe_load(Path('config/config.yaml').read_text()), main=False)\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=repository,
        env={**os.environ, "MYTHMETER_DEVICE": "cpu"},
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"numpy", "pandas", "torch", "cv2", "av", "jsonschema", "snakemake"}
    assert heavy.isdisjoint(json.loads(done.stdout))
