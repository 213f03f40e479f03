"""A person's key written into their file: trusted from the first signature on, then never changed.

Who wants more than trust on first use writes the key there by hand, before, as the person gave it.
"""

import re
from pathlib import Path

from mythmeter.atomic import replacing
from mythmeter.config.marked import MarkedYaml, read_text
from mythmeter.config.persons import Person
from mythmeter.config.places import tidy
from mythmeter.errors import ConsentError


def pin_key(folder: Path, person: Person, key: str) -> None:
    """Write `consent_key` into the file of a person of a project, unless it is there.

    Raises:
        ConsentError: the file has no line `consent:` below which it could be written.
    """
    if person.consent_key is not None:
        return
    config = MarkedYaml(folder / "config.yaml")
    people = tidy(config.value.get("people", "people"), folder, str(config.path))
    path = people / f"{person.name}.yaml"
    text, count = re.subn(
        r"^(consent:.*)$",
        lambda line: f"{line[1]}\nconsent_key: {key}",
        read_text(path),
        count=1,
        flags=re.MULTILINE,
    )
    if not count:
        raise ConsentError(f"{path} has no line `consent:`. Write `consent_key: {key}` into it.")
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")
