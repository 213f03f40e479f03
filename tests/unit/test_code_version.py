import pytest

from mythmeter import code_version as module
from mythmeter.code_version import code_version, modules_behind

FILES = {
    "__init__.py": "",
    "errors.py": "",
    "faces/__init__.py": "",
    "faces/track.py": "from mythmeter.faces import mesh\nfrom mythmeter.errors import FaceError\n",
    "faces/mesh.py": "",
    "faces/crop.py": "",
    "faces/data/points.json": "[]",
    "voice/__init__.py": "",
    "voice/speak.py": 'BACKENDS = {"kokoro": "mythmeter.voice.voices.kokoro:Kokoro"}\n',
    "voice/voices/__init__.py": "",
    "voice/voices/kokoro.py": "def load():\n    import mythmeter.faces.mesh\n",
    "usage/__init__.py": "",
    "usage/job.py": "import mythmeter.voice.speak\n",
}
SCRIPTS = {
    "track_faces": "from mythmeter.usage.job import run_job\nfrom mythmeter.faces import track\n",
    "speak_script": "with x:\n    from mythmeter.voice.speak import BACKENDS\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A small package of the same name, with its adapters."""
    root = tmp_path / "mythmeter"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (tmp_path / "scripts").mkdir()
    for name, text in SCRIPTS.items():
        (tmp_path / "scripts" / f"{name}.py").write_text(text)
    monkeypatch.setattr(module, "PACKAGE", root)
    forget()
    yield root
    forget()


def forget():
    for cached in (code_version, module._imports, module._data_beside):
        cached.cache_clear()


def behind(package, rule):
    files = modules_behind(package.parent / "scripts" / f"{rule}.py")
    return {str(file.relative_to(package)) for file in files}


def version(package, rule):
    forget()
    return code_version(rule, package.parent / "scripts")


def test_imports_are_followed_and_data_beside_them_counts(package):
    assert behind(package, "track_faces") == {
        "faces/__init__.py",
        "faces/track.py",
        "faces/mesh.py",
        "faces/data/points.json",
    }


def test_late_imports_and_backends_named_in_strings_count(package):
    assert {"voice/voices/kokoro.py", "faces/mesh.py"} <= behind(package, "speak_script")


@pytest.mark.parametrize(
    ("edited", "changes"),
    [
        ("faces/mesh.py", {"track_faces", "speak_script"}),
        ("voice/voices/kokoro.py", {"speak_script"}),
        ("faces/data/points.json", {"track_faces", "speak_script"}),
        ("faces/crop.py", set()),
        ("usage/job.py", set()),
        ("../scripts/track_faces.py", {"track_faces"}),
    ],
)
def test_an_edit_changes_the_digest_of_the_rules_that_use_it(package, edited, changes):
    before = {rule: version(package, rule) for rule in SCRIPTS}
    with (package / edited).open("a") as file:
        file.write("\n# edited\n" if edited.endswith(".py") else " ")
    assert {rule for rule in SCRIPTS if version(package, rule) != before[rule]} == changes


def test_compiled_files_do_not_count(package):
    before = version(package, "track_faces")
    (package / "faces" / "__pycache__").mkdir()
    (package / "faces" / "__pycache__" / "track.cpython-311.pyc").write_bytes(b"1")
    assert version(package, "track_faces") == before


def test_a_rule_without_an_adapter_is_a_mistake(package):
    with pytest.raises(FileNotFoundError, match="attic"):
        version(package, "attic")


def test_every_rule_with_a_script_passes_its_own_digest(repository):
    text = "".join(path.read_text() for path in (repository / "rules").rglob("*.smk"))
    # A rule without a script names files and runs nothing.
    blocks = [block for block in text.split("\nrule ")[1:] if "script:" in block]
    assert len(blocks) > 15
    for block in blocks:
        name = block.split(":", 1)[0]
        assert f"../scripts/{name}.py" in block
        if name != "fetch_model":
            assert f'code_version("{name}")' in block
