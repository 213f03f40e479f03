"""Inputs that depend on the sheet, and what a job asks of the machine."""

from mythmeter.code_version import code_version
from mythmeter.config.demand import ramp
from mythmeter.models.catalogue import load_catalogue

catalogue = load_catalogue(project.models)


def model(name):
    """Path of a fetched file, by its name in the catalogue."""
    return f"<resources>/models/{catalogue[name].file}"


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


def of_target(file):
    """Input function: a file of the target clip of a render."""
    return lambda wildcards: f"<results>/clips/{render_of(wildcards).target}/{file}"


def of_face_clips(file):
    """Input function: a file of each clip that shows the person's face."""
    return lambda wildcards: [
        f"<results>/clips/{clip}/{file}" for clip in person_of(wildcards).face_clips
    ]


def of_voice_clips(file):
    """Input function: a file of each clip that carries the person's voice."""
    return lambda wildcards: [
        f"<results>/clips/{clip}/{file}" for clip in person_of(wildcards).voice_clips
    ]


def of_person(file):
    """Input function: a file made once for the person of a render."""
    return lambda wildcards: file.format(person=render_of(wildcards).person)


def mem_mb(base, per_input_mb=0.0):
    """Memory that a job asks for: a base, plus a multiple of its input, doubled each attempt."""
    return lambda wildcards, input, attempt: ramp(
        base, per_input_mb, input.size_mb, attempt
    )


def vram_mb(base, per_input_mb=0.0):
    """GPU memory, estimated like `mem_mb`."""
    return mem_mb(base, per_input_mb)


def clips_in_use():
    """Ids of all clips that a render of the sheet needs."""
    clips = {}
    for render in project.renders.values():
        person = project.people[render.person]
        for clip in (*person.face_clips, *person.voice_clips, render.target):
            clips[clip] = None
    return list(clips)


def face_clips_in_use():
    """Ids of the clips in use whose faces are tracked: targets, and those that show a person."""
    return [
        clip
        for clip in clips_in_use()
        if any(
            clip == render.target or clip in project.people[render.person].face_clips
            for render in project.renders.values()
        )
    ]
