"""Who speaks for a person, and with what."""

from mythmeter.voice.assets import (
    SIDE_BY_SIDE,
    enrolment_assets,
    speaking_assets,
    spoken_assets,
)
from mythmeter.voice.settings import settings_of


def of_synthesiser(wildcards):
    """The files that the synthesiser of a render needs to speak and be checked."""
    return [model(name) for name in spoken_assets(synthesiser_of(wildcards))]


def of_synthesiser_alone(wildcards):
    """The files that the synthesiser of a person needs to speak."""
    return [model(name) for name in speaking_assets(synthesiser_of(wildcards))]


def speaks_together(person):
    """Whether all scripts of a person are spoken side by side before each is checked."""
    return project.synthesisers[person] in SIDE_BY_SIDE


def first_takes(wildcards):
    """First takes of all renders of a render's person, where the synthesiser works side by side."""
    person = person_of(wildcards).name
    if not speaks_together(person):
        return []
    return [f"<results>/voice/{person}/first_takes.safetensors"]


def scripts_of_person(wildcards):
    """Script and language of every render of a person."""
    renders = project.renders.values()
    return [(r.script, r.language) for r in renders if r.person == wildcards.person]


def of_enrolment(wildcards):
    """The files that the synthesiser of a person needs to enrol a voice and have it judged."""
    return [model(name) for name in enrolment_assets(synthesiser_of(wildcards))]


def synthesiser_of(wildcards):
    """Who speaks for a person: the renders of one person share one synthesiser."""
    return project.synthesisers[person_of(wildcards).name]


def settings_of_synthesiser(wildcards):
    """The further settings of the synthesiser of a render or of a person."""
    return settings_of(synthesiser_of(wildcards), config)
