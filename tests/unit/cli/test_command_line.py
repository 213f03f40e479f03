import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mythmeter.cli import consent_enrol, main
from mythmeter.config import load_project
from mythmeter.config.variants import load_variants
from mythmeter.people.keys import load_key
from mythmeter.people.ledger import Signed, open_ledger
from mythmeter.people.likeness import Likeness

Capture = pytest.CaptureFixture[str]


def likeness_of(
    faces: Mapping[str, Path], voices: Mapping[str, Path], limits_factor: float
) -> Likeness:
    """Stand in for the encoders: any face, any voice, for what was agreed to."""
    return Likeness(np.eye(128)[0] if faces else None, np.eye(256)[0] if voices else None, 12, 8)


AGREEMENT = (
    *("--agree-face", "--agree-voice", "--name", "Jane Doe"),
    *("--contact", "jane@example.org", "--expires", "2099-12-31"),
)


@pytest.fixture
def new(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run `mythmeter new` on made-up clips; options can be replaced (None leaves one out)."""
    monkeypatch.chdir(repository)
    for name in ("One Take.MOV", "two.mp4", "scene.mp4", "voice.wav"):
        (tmp_path / name).write_bytes(name.encode())

    def run(**changes: Any) -> int:
        options: dict[str, Any] = {
            "person": [f"jane={tmp_path / 'One Take.MOV'}", tmp_path / "two.mp4"],
            "target": tmp_path / "scene.mp4",
            "script": "Hello\tthere,\nthis is me.",
            "licence": "my own",
            **changes,
        }
        arguments = ["new", str(options.pop("folder", tmp_path / "mine"))]
        for name, value in options.items():
            if value is not None:
                values = value if isinstance(value, list) else [value]
                arguments += [f"--{name.replace('_', '-')}", *map(str, values)]
        return main(arguments)

    return run


def loaded(folder: Path) -> Any:
    config = yaml.safe_load(Path("config/config.yaml").read_text())
    over = yaml.safe_load((folder / "config.yaml").read_text())
    over["footage"] = {**config["footage"], **over["footage"]}
    return load_project({**config, **over, "device": "cpu"}, [folder / "config.yaml"])


def test_new_writes_a_folder_that_loads(new: Callable[..., int], tmp_path: Path) -> None:
    assert new(start=1, end=2.5, fit="loop") == 0
    project = loaded(tmp_path / "mine")
    assert project.results == tmp_path / "mine" / "results"
    assert project.reports == tmp_path / "mine" / "reports"
    render = project.renders["mine"]
    assert (render.person, render.target, render.fit) == ("jane", "scene", "loop")
    assert (render.start_s, render.end_s) == (1.0, 2.5)
    assert render.script == "Hello there, this is me."
    assert project.people["jane"].clips == ("jane.one-take", "jane.two")
    assert project.clips["jane.one-take"].path == tmp_path / "One Take.MOV"
    assert json.loads(project.people["jane"].consent.read_text())["status"] == "draft"


def test_new_takes_clips_of_face_or_voice_alone(new: Callable[..., int], tmp_path: Path) -> None:
    assert new(voice_clip=tmp_path / "voice.wav", person=[tmp_path / "two.mp4"]) == 0
    person = loaded(tmp_path / "mine").people["me"]
    assert person.face_clips == ("me.two",)
    assert person.voice_clips == ("me.two", "me.voice")


def test_new_writes_every_setting_of_the_stages(new: Callable[..., int], tmp_path: Path) -> None:
    assert new() == 0
    built_in = yaml.safe_load(Path("config/config.yaml").read_text())
    written = yaml.safe_load((tmp_path / "mine" / "config.yaml").read_text())
    apart = {"paths", "renders", "people", "models", "footage"}
    apart |= {"prices", "gpus", "market", "records", "experiments"}
    for key in built_in.keys() - apart:
        assert written[key] == built_in[key]


def test_new_names_no_file_that_is_not_there(new: Callable[..., int], tmp_path: Path) -> None:
    assert new() == 0
    folder = tmp_path / "mine"
    written = yaml.safe_load((folder / "config.yaml").read_text())
    assert "experiments" not in written
    config = {**yaml.safe_load(Path("config/config.yaml").read_text()), **written}
    assert load_variants(config, [folder / "config.yaml"])


def test_a_target_without_a_licence_is_asked_for_before_the_run(
    new: Callable[..., int], tmp_path: Path, capsys: Capture
) -> None:
    assert new(licence=None) == 0
    assert "what lets you use the footage" in capsys.readouterr().out
    with pytest.raises(Exception, match=r"footage\.scene\.licence is empty"):
        loaded(tmp_path / "mine")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"person": ["jane=nowhere.mp4"]}, "There is no clip 'nowhere.mp4'"),
        ({"person": ["../x=two.mp4"]}, "--person '../x'"),
        ({"target": "nowhere.mp4"}, "There is no clip 'nowhere.mp4'"),
        ({"script": " \t "}, "The script is empty"),
        ({"script": None, "script_file": "nowhere.txt"}, "there is no such file"),
        ({"start": 2, "end": 1}, "--start (2) is not before --end (1)"),
        ({"name": "Two Words"}, "--name 'Two Words'"),
    ],
)
def test_new_refuses_bad_input_and_writes_nothing(
    new: Callable[..., int],
    tmp_path: Path,
    capsys: Capture,
    changes: dict[str, Any],
    message: str,
) -> None:
    before = set(tmp_path.iterdir())
    assert new(**changes) == 1
    assert message in capsys.readouterr().err
    assert set(tmp_path.iterdir()) == before


def test_new_refuses_a_path_that_cannot_be_written(
    new: Callable[..., int], tmp_path: Path, capsys: Capture
) -> None:
    assert new(folder=tmp_path / "two.mp4" / "mine") == 1
    assert "cannot be written to" in capsys.readouterr().err
    assert (tmp_path / "two.mp4").read_bytes() == b"two.mp4"


def test_new_refuses_a_folder_that_is_in_use(
    new: Callable[..., int], tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    assert new() == 1
    assert "is already there" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


@pytest.fixture
def mine(
    new: Callable[..., int], tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A project whose clips need no encoder, and a home folder of its own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(consent_enrol, "take", likeness_of)
    assert new() == 0
    capsys.readouterr()
    return tmp_path / "mine"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sit at a terminal and answer the questions in order."""

    def give(*lines: str) -> None:
        queue: Iterator[str] = iter(lines)
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", lambda _question: next(queue))

    return give


def record_of(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "consent" / "jane.json").read_text())
    return record


def test_consent_by_flags_shows_and_writes_what_is_agreed_to(mine: Path, capsys: Capture) -> None:
    assert main(["consent", str(mine), *AGREEMENT]) == 0
    shown = capsys.readouterr().out
    record = record_of(mine)
    assert record["status"] == "in-force"
    assert record["subject"]["name"] == "Jane Doe"
    assert record["expires"] == "2099-12-31T23:59:59Z"
    assert [source["clip"] for source in record["sources"]] == ["jane.one-take", "jane.two"]
    for text in (record["statement"], record["sources"][0]["sha256"], "jane@example.org"):
        assert text in shown


@pytest.mark.parametrize("left_out", ["--name", "--contact", "--expires"])
def test_without_a_terminal_every_flag_is_needed(
    mine: Path, capsys: Capture, left_out: str
) -> None:
    arguments = list(AGREEMENT)
    position = arguments.index(left_out)
    del arguments[position : position + 2]
    assert main(["consent", str(mine), *arguments]) == 1
    assert "there is no terminal to ask on" in capsys.readouterr().err
    assert record_of(mine)["status"] == "draft"


def test_without_a_terminal_and_flags_it_never_agrees_by_itself(
    mine: Path, capsys: Capture
) -> None:
    assert main(["consent", str(mine)]) == 1
    assert "jane has not agreed" in capsys.readouterr().err
    assert record_of(mine)["status"] == "draft"


def test_on_a_terminal_the_person_is_asked_and_types_their_name(
    mine: Path, answers: Callable[..., None]
) -> None:
    answers("yes", "no", "Jane Doe", "jane@example.org", "2099-01-31", "none", "Jane Doe")
    assert main(["consent", str(mine)]) == 0
    scope = record_of(mine)["scope"]
    assert (scope["face"], scope["voice"], scope["distribution"]) == (True, False, "none")


def test_anything_but_the_name_is_not_an_agreement(
    mine: Path, answers: Callable[..., None], capsys: Capture
) -> None:
    answers("yes", "yes", "Jane Doe", "jane@example.org", "", "", "yes")
    assert main(["consent", str(mine)]) == 1
    assert "jane did not agree" in capsys.readouterr().err
    assert record_of(mine)["status"] == "draft"


def test_neither_face_nor_voice_is_not_an_agreement(
    mine: Path, answers: Callable[..., None], capsys: Capture
) -> None:
    answers("no", "no")
    assert main(["consent", str(mine)]) == 1
    assert "Neither face nor voice" in capsys.readouterr().err


def test_a_record_in_force_is_replaced_only_on_request(mine: Path, capsys: Capture) -> None:
    assert main(["consent", str(mine), *AGREEMENT]) == 0
    before = record_of(mine)
    other = [*AGREEMENT, "--languages", "en-gb"]
    assert main(["consent", str(mine), *other]) == 1
    assert "--renew" in capsys.readouterr().err
    assert record_of(mine) == before
    assert main(["consent", str(mine), *other, "--renew"]) == 0
    assert record_of(mine)["scope"]["languages"] == ["en-gb"]


@pytest.mark.parametrize(
    ("day", "message"),
    [("2020-01-01", "this day is over"), ("soon", "'soon' is not a time")],
)
def test_a_day_that_cannot_be_is_refused(
    mine: Path, capsys: Capture, day: str, message: str
) -> None:
    assert main(["consent", str(mine), *AGREEMENT[:-1], day]) == 1
    assert message in capsys.readouterr().err
    assert record_of(mine)["status"] == "draft"


def test_consent_needs_a_project_and_a_person_of_it(mine: Path, capsys: Capture) -> None:
    assert main(["consent", str(mine / "none"), *AGREEMENT]) == 1
    assert "there is no such file" in capsys.readouterr().err
    assert main(["consent", str(mine), "--person", "joan", *AGREEMENT]) == 1
    assert "no person 'joan'" in capsys.readouterr().err


def test_consent_signs_with_a_key_that_only_its_owner_can_read_and_pins_it(
    mine: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["consent", str(mine), *AGREEMENT]) == 0
    assert "A key that signs for you was made" in capsys.readouterr().out
    folder = tmp_path / "home" / "mythmeter" / "consent"
    key = load_key(folder)
    assert record_of(mine)["signature"]["key"] == key.id
    assert loaded(mine).people["jane"].consent_key == key.id
    likeness = mine / "consent" / "jane.likeness.json"
    modes = {path.stat().st_mode & 0o777 for path in (folder / "key.pem", likeness)}
    assert (modes, folder.stat().st_mode & 0o777) == ({0o600}, 0o700)
    assert record_of(mine)["likeness"]["face"]["threshold"] == 0.5


def test_keygen_never_replaces_a_key_and_a_named_key_must_be_there(
    mine: Path, tmp_path: Path, capsys: Capture
) -> None:
    folder = str(tmp_path / "janes-key")
    assert main(["consent", str(mine), *AGREEMENT, "--key", folder]) == 1
    assert "mythmeter consent keygen" in capsys.readouterr().err
    assert record_of(mine)["status"] == "draft"
    assert main(["consent", "keygen", "--key", folder]) == 0
    assert load_key(tmp_path / "janes-key").id in capsys.readouterr().out
    assert main(["consent", "keygen", "--key", folder]) == 1
    assert "never replaced" in capsys.readouterr().err
    assert main(["consent", str(mine), *AGREEMENT, "--key", folder]) == 0


def test_somebody_elses_key_cannot_renew(mine: Path, tmp_path: Path, capsys: Capture) -> None:
    assert main(["consent", str(mine), *AGREEMENT]) == 0
    before = record_of(mine)
    folder = str(tmp_path / "joans-key")
    assert main(["consent", "keygen", "--key", folder]) == 0
    assert main(["consent", str(mine), *AGREEMENT, "--renew", "--key", folder]) == 1
    assert "jane signs with" in capsys.readouterr().err
    assert record_of(mine) == before


def test_show_verify_and_revoke_speak_of_one_record(mine: Path, capsys: Capture) -> None:
    assert main(["consent", "verify", str(mine)]) == 1
    assert "is a draft" in capsys.readouterr().err
    assert main(["consent", str(mine), *AGREEMENT]) == 0
    assert main(["consent", "verify", str(mine)]) == 0
    assert "in force, signed by ed25519:" in capsys.readouterr().out
    record_id = record_of(mine)["record_id"]
    render = mine / "results" / "renders" / "mine.mp4"
    with open_ledger(mine / "consent" / "jane.json") as ledger:
        when = "2026-01-01T00:00:00Z"
        ledger.add(Signed(record_id, "jane", str(render), 12.0, "ab" * 32, when))
    assert main(["consent", "revoke", str(mine), "--reason", "enough"]) == 0
    shown = capsys.readouterr().out
    assert f"Renders that must go:\n  {render}  12.0 s" in shown
    assert "mythmeter forget jane" in shown
    assert main(["consent", "verify", str(mine)]) == 1
    assert "taken back" in capsys.readouterr().err
    assert main(["consent", "show", str(mine)]) == 0
    shown = capsys.readouterr().out
    assert "Stands: " in shown and "(enough)" in shown and str(render) in shown


def test_verify_notices_a_changed_clip_and_changed_embeddings(mine: Path, capsys: Capture) -> None:
    assert main(["consent", str(mine), *AGREEMENT]) == 0
    likeness = mine / "consent" / "jane.likeness.json"
    kept = likeness.read_bytes()
    likeness.write_bytes(kept.replace(b"1.0", b"0.9", 1))
    assert main(["consent", "verify", str(mine)]) == 1
    assert "is not the file that was agreed to" in capsys.readouterr().err
    likeness.write_bytes(kept)
    (mine.parent / "two.mp4").write_bytes(b"another take")
    assert main(["consent", "verify", str(mine)]) == 1
    assert "speaks of another file" in capsys.readouterr().err


def test_new_writes_down_the_licence_of_the_footage(mine: Path) -> None:
    record = json.loads((mine / "consent" / "scene.footage.json").read_text())
    assert (record["kind"], record["licence"]) == ("footage-licence", "my own")
    assert record["performer"]["likeness"] == "replaced"
    assert loaded(mine).clips["scene"].record == mine / "consent" / "scene.footage.json"


def test_keys_init_makes_a_test_pair_that_show_describes(tmp_path: Path, capsys: Capture) -> None:
    folder = str(tmp_path / "signing")
    assert main(["keys", "show", "--folder", folder]) == 1
    assert "mythmeter keys init" in capsys.readouterr().err
    assert main(["keys", "init", "--folder", folder]) == 0
    assert main(["keys", "show", "--folder", folder]) == 0
    assert capsys.readouterr().out.count("not publicly trusted") == 2
