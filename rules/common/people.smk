"""Who a job is about: the row of the sheet, the person, and the papers of both."""

from functools import cache

from mythmeter.people.record import likeness_path


def render_of(wildcards):
    """The row of the sheet behind a render."""
    return project.renders[wildcards.render]


def person_of(wildcards):
    """The person of a render or of a person's own wildcard."""
    name = getattr(wildcards, "person", None) or render_of(wildcards).person
    return project.people[name]


def receipt(wildcards):
    """The consent receipt without which nothing is generated."""
    return f"<results>/consent/{person_of(wildcards).name}.json"


def gate_of(wildcards):
    """What the gate is asked about the person of a rule, but for the files."""
    return gate_of_person(person_of(wildcards).name)


@cache
def gate_of_person(name):
    """The same by name, put together once: a sheet may have thousands of rows."""
    person = project.people[name]
    return {
        "person": person.name,
        "person_kind": person.kind,
        "key": person.consent_key,
        "generated": person.synthetic is not None,
        "face": bool(person.face_clips),
        "voice": bool(person.voice_clips),
        "languages": list(project.languages(person.name)),
        "distribution": config["consent"]["distribution"],
        "purpose": config["consent"]["purpose"],
        "clips": list(person.clips),
        "revocations": str(project.revocations),
    }


def record_of(wildcards):
    """The consent record of a person."""
    return str(person_of(wildcards).consent)


def likeness_of(wildcards):
    """What a person looks and sounds like, beside the record; a bucket brings named files alone.

    Where it is not there, the job that wants it says what to do.
    """
    path = likeness_path(person_of(wildcards).consent)
    return [str(path)] if STORED or path.is_file() else []


def sources_of(wildcards):
    """The files of a person's clips, as given."""
    return [str(project.clips[clip].path) for clip in person_of(wildcards).clips]


def footage_of(wildcards):
    """The file of a render's footage, as given."""
    return str(project.clips[render_of(wildcards).target].path)


def licence_of(wildcards):
    """The licence record of a render's footage, where there is one."""
    record = project.clips[render_of(wildcards).target].record
    return [] if record is None else [str(record)]


def performer_licence(wildcards):
    """The licence record of the footage that a pair is trained on, where there is one."""
    record = project.clips[wildcards.clip].record
    return [] if record is None else [str(record)]


def revocations(wildcards):
    """The list of consents taken back, where there is one."""
    return [str(project.revocations)] if project.revocations.is_file() else []


def match_of(what):
    """Input function: what the comparison of a person's face or voice with the record found.

    A synthetic person's clip is matched by its hash: her generator signed it.
    """

    def path(wildcards):
        person = person_of(wildcards)
        if person.kind == "synthetic":
            return []
        return [f"<results>/consent/{person.name}.{what}.json"]

    return path


def record_of_clip(wildcards):
    """The consent record of a clip of a real person, whose face alone is tracked in it."""
    owner = project.people.get(wildcards.clip.partition(".")[0])
    if owner is None or "." not in wildcards.clip or owner.kind == "synthetic":
        return []
    return [str(owner.consent)]


def generated_for(wildcards):
    """Folders of generated media of one render, which go when its consent does not hold."""
    return [
        str(project.results / stage / wildcards.render)
        for stage in ("voice", "swap", "lips", "render")
    ]
