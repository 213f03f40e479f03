"""The Dockerfile, read: no engine runs here. What a linter would say, and what the docs promise."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / "Dockerfile").read_text()


def instructions() -> list[tuple[str, str]]:
    """Name and arguments of each instruction, continued lines joined."""
    lines = [line for line in TEXT.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [
        (line.split()[0], line.partition(" ")[2].strip())
        for line in joined.splitlines()
        if line.strip()
    ]


def of(name: str) -> list[str]:
    return [arguments for instruction, arguments in instructions() if instruction == name]


def test_every_image_is_pinned_to_a_patch_release() -> None:
    assert all(re.match(r"\S+:\d+\.\d+\.\d+\S* AS \w+$", image) for image in of("FROM"))


def test_what_is_copied_is_there_and_is_not_ignored() -> None:
    ignored = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    allowed = {line[1:].partition("/")[0] for line in ignored if line.startswith("!")}
    for arguments in of("COPY"):
        if "--from=" in arguments:
            continue
        sources = [word for word in arguments.split() if not word.startswith("--")][:-1]
        assert sources
        for source in sources:
            assert (REPOSITORY / source).exists(), source
            assert source.partition("/")[0] in allowed, source


def test_no_clip_key_or_result_can_enter_the_image() -> None:
    allowed = [line for line in (REPOSITORY / ".dockerignore").read_text().split() if "!" in line]
    assert not {"!results", "!resources", "!consent", "!models", "!."} & set(allowed)


def test_it_runs_as_a_user_who_is_not_root() -> None:
    names = [name for name, _ in instructions()]
    last = len(names) - 1 - names[::-1].index("USER")
    assert of("USER")[-1] not in {"root", "0"}
    assert not [name for name in names[last:] if name == "FROM"]


def test_it_says_what_it_is_and_under_which_licence() -> None:
    labels = " ".join(of("LABEL"))
    for key in ("title", "description", "licenses", "version"):
        assert f"org.opencontainers.image.{key}=" in labels
    version = re.search(r'^version = "(.*)"', (REPOSITORY / "pyproject.toml").read_text(), re.M)
    assert version is not None
    assert f'image.version="{version[1]}"' in labels


def test_every_package_is_pinned_by_hash_or_by_the_makefile() -> None:
    installs = [c.strip() for run in of("RUN") for c in re.findall(r"pip install [^&;]*", run)]
    assert len(installs) == 5
    for command in installs:
        assert "--require-hashes" in command or '"$torch"' in command or command.endswith(" .")


def test_system_packages_come_without_recommendations_and_leave_no_lists() -> None:
    for command in of("RUN"):
        if "apt-get install" in command:
            assert "--no-install-recommends" in command
            assert "rm -rf /var/lib/apt/lists/*" in command


def test_a_pipe_that_fails_fails_the_build_in_every_stage() -> None:
    assert len(of("SHELL")) == len(of("FROM"))
    assert all("pipefail" in arguments for arguments in of("SHELL"))
    assert of("ADD") == []


def test_nothing_is_fetched_after_the_build() -> None:
    (command,) = of("CMD")
    assert not re.search(r"pip|curl|wget|apt", command)
    assert of("ENTRYPOINT") == []
