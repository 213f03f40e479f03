"""What shaped a render, as its manifest and the report name it."""

from mythmeter.persona.assets import ASSETS as PERSON_INGREDIENTS
from mythmeter.voice.assets import OWN_FILES


def supplied_models():
    """What the user supplied for this run, with its licence, for the report."""
    names = ["fan"] if FAN else []
    if any(render.swapper == "oneshot_onnx" for render in project.renders.values()):
        names += [
            config["swap"]["oneshot"][role] for role in ("swapper", "recognition")
        ]
    if any(render.syncer == "wav2lip" for render in project.renders.values()):
        names.append(config["lips"]["wav2lip"]["weights"])
    return [
        {key: getattr(catalogue[name], key) for key in ("file", "purpose", "licence")}
        for name in names
    ]


def clips_of_render(wildcards):
    """Licence and source of the footage and of the person's clips, as the manifest states them."""
    person = person_of(wildcards)
    roles = {clip: "clip of the person" for clip in person.clips}
    roles[render_of(wildcards).target] = "footage"
    clips = [(project.clips[clip], role) for clip, role in roles.items()]
    return [
        {"id": clip.id, "role": role, "licence": clip.licence, "source": clip.source}
        for clip, role in clips
    ]


def ingredients_of(person):
    """Files of the catalogue that a synthetic person was made with; none for anybody else."""
    return list(PERSON_INGREDIENTS) if person.synthetic else []


def credited_synthesiser(wildcards):
    """The synthesiser as the manifest names it: with whose checkpoint."""
    name = synthesiser_of(wildcards)
    own = name == "xtts" and any(file in project.own_models for file in OWN_FILES)
    return "xtts:own" if own else name


def credited_swapper(wildcards):
    """The swapper as the manifest names it: a one-shot one is the user's own two files."""
    name = render_of(wildcards).swapper
    if name != "oneshot_onnx":
        return [name]
    files = config["swap"]["oneshot"]
    return [f"catalogue:{files['swapper']}", f"catalogue:{files['recognition']}"]


def credited_syncer(wildcards):
    """The syncer as the manifest names it: Wav2Lip is a file of the user's."""
    name = render_of(wildcards).syncer
    weights = config["lips"]["wav2lip"]["weights"]
    return f"catalogue:{weights}" if name == "wav2lip" else name


def credited_backends(wildcards):
    """Everything that shaped a render, by the names that the manifest's credits know."""
    return [
        config["faces"]["landmarks"],
        *(["parsing:own"] if project.parsing else []),
        *credited_swapper(wildcards),
        credited_synthesiser(wildcards),
        credited_syncer(wildcards),
    ]
