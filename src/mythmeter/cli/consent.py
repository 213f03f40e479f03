"""Complete and sign the consent record of a project; or keygen, show, verify, revoke.

It never agrees by itself: what is not given by a flag is asked on a terminal, and without a
terminal it stops.
"""

import argparse
import sys
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from mythmeter.cli import consent_actions
from mythmeter.cli.consent_actions import ACTIONS, describe, find_person
from mythmeter.cli.consent_enrol import enrol
from mythmeter.config.persons import Clip, Person
from mythmeter.errors import ConfigError, ConsentError
from mythmeter.people.keys import SigningKey, consent_folder, ensure_key, load_key
from mythmeter.people.pin import pin_key
from mythmeter.people.record import (
    Party,
    Record,
    Scope,
    new_record,
    parse_instant,
    read_any_record,
    write_record,
)
from mythmeter.people.signature import signed

YEAR = timedelta(days=365)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `mythmeter consent`."""
    parser.add_argument(
        "words",
        nargs="+",
        metavar="[ACTION] DIR",
        help="folder of the project; an ACTION before it: show or verify the record, revoke the "
        "consent; `keygen`, without a folder, makes the key that signs",
    )
    parser.add_argument("--key", type=Path, help="folder of the key; default: the usual one")
    parser.add_argument("--reason", default="", help="with revoke: why, if you want to say")
    parser.add_argument("--person", help="whose record, where the project has several people")
    parser.add_argument("--agree-face", action="store_true", help="I agree: my face")
    parser.add_argument("--agree-voice", action="store_true", help="I agree: my voice")
    parser.add_argument("--name", help="full name of the person who agrees")
    parser.add_argument("--contact", help="where the person takes the consent back")
    parser.add_argument("--controller", help="who makes the renders; default: the person")
    parser.add_argument("--purpose", action="append", help="what for; may be repeated")
    parser.add_argument("--languages", help="languages to be spoken, by commas")
    parser.add_argument(
        "--minutes", type=float, help="minutes of all renders together; default: any"
    )
    parser.add_argument(
        "--distribution",
        choices=("none", "private", "public"),
        help="who may see the renders; default: private",
    )
    parser.add_argument("--expires", metavar="YYYY-MM-DD", help="last day of the consent")
    parser.add_argument("--renew", action="store_true", help="replace a record that is in force")


def run(options: argparse.Namespace) -> None:
    """Do the action that is asked for, or have the person agree and sign.

    Raises:
        ConsentError: not agreed, or no terminal to ask on and a flag missing; or what the action
            found against the record.
        ConfigError: no project there, or no such person in it.
    """
    action, *rest = options.words
    if action == "keygen" and not rest:
        return consent_actions.keygen(options.key or consent_folder())
    if action in ACTIONS and len(rest) == 1:
        return ACTIONS[action](Path(rest[0]), options.person, options.reason)
    if rest:
        known = ", ".join(("keygen", *ACTIONS))
        raise ConfigError(f"mythmeter consent: no action {action!r}, or too many words. {known}.")
    _agree(Path(action), options)
    return None


def _agree(folder: Path, options: argparse.Namespace) -> None:
    """Show what is agreed to, have it agreed to, and write the signed record."""
    person, clips = find_person(folder, options.person)
    _refuse_replacing(person, renew=options.renew)
    flags_suffice = _flags_suffice(options)
    if not flags_suffice and not sys.stdin.isatty():
        raise ConsentError(
            f"{person.name} has not agreed: there is no terminal to ask on, and not all of "
            "--agree-face or --agree-voice, --name, --contact and --expires are given. "
            "Nothing was written."
        )
    key = _key(options.key)
    _refuse_other_key(person, key)
    _show_files(person, clips)
    if not flags_suffice:
        _ask_missing(options)
    options.limits_factor = consent_actions.limits_factor_of(folder)
    likeness = enrol(person, {clip.id: clip.path for clip in clips}, options)
    record = signed(_record(options, person, clips, likeness.section), key)
    print(describe(record))
    if not flags_suffice:
        typed = input(f"Type your full name ({options.name}) to agree, anything else to stop: ")
        if typed.strip() != options.name:
            raise ConsentError(f"{person.name} did not agree; nothing was written.")
    likeness.keep()
    write_record(record, person.consent)
    pin_key(folder, person, key.id)
    print(f"Written and signed by {key.id}: {person.consent}")


def _key(folder: Path | None) -> SigningKey:
    """Load the key that signs; where none is named and none is there, make it and say so."""
    if folder is not None:
        return load_key(folder)
    key, made = ensure_key(consent_folder())
    if made:
        print(f"A key that signs for you was made: {consent_folder()}. Keep it to yourself.\n")
    return key


def _refuse_other_key(person: Person, key: SigningKey) -> None:
    if person.consent_key is not None and person.consent_key != key.id:
        raise ConsentError(
            f"{person.name} signs with {person.consent_key}, says their file; this is {key.id}. "
            "Use their key (--key), or, if they have a new one, change `consent_key` by hand."
        )


def _refuse_replacing(person: Person, *, renew: bool) -> None:
    if renew or not person.consent.exists():
        return
    record = read_any_record(person.consent)
    if record.get("status") == "in-force":
        raise ConsentError(
            f"{person.consent} is in force until {record.get('expires')}; "
            "use --renew to replace it with a new agreement."
        )


def _flags_suffice(options: argparse.Namespace) -> bool:
    agreed = options.agree_face or options.agree_voice
    return bool(agreed and options.name and options.contact and options.expires)


def _show_files(person: Person, clips: list[Clip]) -> None:
    print(f"Files that are used to imitate {person.name}:")
    for clip in clips:
        shows = [
            what
            for what, ids in (("face", person.face_clips), ("voice", person.voice_clips))
            if clip.id in ids
        ]
        print(f"  {clip.id}  {clip.path}  ({' and '.join(shows)})")


def _ask_missing(options: argparse.Namespace) -> None:
    """Ask for what no flag gave. An empty answer takes what stands in brackets."""
    if not (options.agree_face or options.agree_voice):
        options.agree_face = _ask_yes("May your face be generated?")
        options.agree_voice = _ask_yes("May your voice be generated?")
    if not (options.agree_face or options.agree_voice):
        raise ConsentError("Neither face nor voice was agreed to; nothing was written.")
    in_a_year = (datetime.now(UTC) + YEAR).date().isoformat()
    for option, question, default in (
        ("name", "Your full name", ""),
        ("contact", "Where you take your consent back (mail or telephone)", ""),
        ("expires", "Last day of your consent", in_a_year),
        ("distribution", "Who may see the renders: none, private or public", "private"),
    ):
        while not getattr(options, option):
            shown = f" [{default}]" if default else ""
            setattr(options, option, input(f"{question}{shown}: ").strip() or default)


def _ask_yes(question: str) -> bool:
    return input(f"{question} yes/no [no]: ").strip().lower() in ("y", "yes")


def _record(
    options: argparse.Namespace, person: Person, clips: list[Clip], likeness: dict[str, Any]
) -> Record:
    now = datetime.now(UTC)
    languages = tuple(x.strip() for x in (options.languages or "").split(",") if x.strip())
    scope_of: dict[str, Any] = {"distribution": options.distribution or "private"}
    return new_record(
        "consent",
        person.name,
        {clip.id: clip.path for clip in clips},
        scope=Scope(
            face=options.agree_face,
            voice=options.agree_voice,
            languages=languages or _languages_of_draft(person.consent),
            minutes=options.minutes,
            **scope_of,
        ),
        issued=now,
        expires=_end_of_day(options.expires, now),
        subject=options.name,
        controller=Party(options.controller or options.name, options.contact),
        revocation_contact=options.contact,
        purposes=options.purpose or (),
        likeness=likeness,
    )


def _languages_of_draft(path: Path) -> tuple[str, ...]:
    """Return the languages that the project was made for: those of its draft or former record."""
    record = read_any_record(path) if path.exists() else {}
    return tuple(record.get("scope", {}).get("languages", ())) or ("en",)


def _end_of_day(day: str, now: datetime) -> datetime:
    end = parse_instant(day, "--expires")
    if end.time() == time.min and "T" not in day:
        end = end.replace(hour=23, minute=59, second=59)
    end = end.replace(tzinfo=end.tzinfo or UTC)
    if end <= now:
        raise ConsentError(f"--expires {day}: this day is over; nothing was written.")
    return end
