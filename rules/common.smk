"""Inputs that depend on the sheet, and what a job asks of the machine."""

import hashlib
from functools import cache

from snakemake.exceptions import WorkflowError

from mythmeter.code_version import code_version
from mythmeter.config.demand import load_demand, size_mb
from mythmeter.config.sizes import sizes_of_render
from mythmeter.errors import MythmeterError
from mythmeter.models import supplied as missing_files
from mythmeter.models.catalogue import by_name, load_catalogue
from mythmeter.persona.assets import ASSETS as PERSON_INGREDIENTS
from mythmeter.swap.swappers import PAIR_SWAPPERS
from mythmeter.voice.assets import (
    OWN_FILES,
    SIDE_BY_SIDE,
    enrolment_assets,
    speaking_assets,
    spoken_assets,
)
from mythmeter.voice.settings import settings_of

catalogue = load_catalogue(project.models)
demand = load_demand(
    project.demand_file,
    {
        "mem_mb": config["demand"]["max_mem_mb"],
        "vram_mb": config["demand"]["max_vram_mb"],
        "runtime_s": config["demand"]["max_runtime_min"]
        and config["demand"]["max_runtime_min"] * 60,
    },
    check=workflow.is_main_process,
)

# What a table of an experiment says it comes from.
EXPERIMENT = (
    f"make experiments ({workflow.overwrite_configfiles[-1]})"
    if workflow.overwrite_configfiles
    else "make experiments"
)


def model(name):
    """Path of a fetched file, by its name in the catalogue, or of the user's own in its place."""
    if name in project.own_models:
        return str(project.own_models[name])
    return f"<resources>/models/{catalogue[name].file}"


def require_supplied(names, wanted_by, instead):
    """Stop before any work where a file that only the user can supply is missing."""
    if not workflow.is_main_process:
        return
    try:
        missing_files.require(
            [by_name(catalogue, name) for name in names],
            wanted_by=wanted_by,
            instead=instead,
            licences=config["licences"],
        )
    except MythmeterError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None


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


def learnt_face(render):
    """Folder of a render's learnt face, below others; rows may name different swappers."""
    if render.swapper in PAIR_SWAPPERS:
        return f"{render.person}/{render.swapper}/{render.preset}/{render.target}"
    return f"{render.person}/{render.swapper}"


def swap_model(wildcards):
    """The learnt face behind a render: of the person, or of the person on this target."""
    return f"<results>/swap/{learnt_face(render_of(wildcards))}/model.safetensors"


def learning_usage(render):
    """The usage record of the job that learnt a render's face."""
    learnt_by = "train_pair" if render.swapper in PAIR_SWAPPERS else "train_swap"
    return f"<results>/usage/{learnt_by}/{learnt_face(render)}.jsonl"


def swapper_of(wildcards):
    """The swapper of a render, or of the face that is learnt."""
    if hasattr(wildcards, "render"):
        return render_of(wildcards).swapper
    return getattr(wildcards, "swapper", config["swap"]["swapper"])


def oneshot_files(role):
    """Input function: the file of the user's that the one-shot swapper needs in a role."""
    return lambda wildcards: (
        [model(config["swap"]["oneshot"][role])]
        if swapper_of(wildcards) == "oneshot_onnx"
        else []
    )


def require_swapper_files():
    """Stop before any work where a render asks for a one-shot swapper that is not there."""
    if any(render.swapper == "oneshot_onnx" for render in project.renders.values()):
        names = [config["swap"]["oneshot"][role] for role in ("swapper", "recognition")]
        require_supplied(names, "swapper oneshot_onnx", "swapper closed_form")


def for_syncer(name, file):
    """Input function: a file that a render needs with one syncer alone."""
    return lambda wildcards: (
        [file.replace("{render}", wildcards.render)]
        if render_of(wildcards).syncer == name
        else []
    )


def syncer_weights(wildcards):
    """The file of the user's that the syncer of a render needs."""
    if render_of(wildcards).syncer != "wav2lip":
        return []
    return [model(config["lips"]["wav2lip"]["weights"])]


def require_syncer_weights():
    """Stop before any work where a render asks for Wav2Lip and its weights are not there."""
    if any(render.syncer == "wav2lip" for render in project.renders.values()):
        names = [config["lips"]["wav2lip"]["weights"]]
        require_supplied(names, "syncer wav2lip", "syncer rewrite")


def settings_of_syncer(wildcards):
    """How a syncer with weights of the user's runs; None: it has none."""
    if render_of(wildcards).syncer != "wav2lip":
        return None
    settings = dict(config["lips"]["wav2lip"])
    return {**settings, "licence": catalogue[settings.pop("weights")].licence}


# GPU memory that a syncer asks for, and memory: estimates, not measured on a GPU.
SYNC_VRAM_MB = {"rewrite": 500, "wav2lip": 2000}
SYNC_MEM_MB = {"rewrite": 900, "wav2lip": 2000}


def sync_mem_mb(wildcards, input, attempt, rulename):
    """Memory that a syncer asks for."""
    base = SYNC_MEM_MB[render_of(wildcards).syncer]
    return mem_mb(base)(wildcards, input, attempt, rulename)


def sync_vram_mb(wildcards, input, attempt, rulename):
    """GPU memory that a syncer asks for."""
    base = SYNC_VRAM_MB[render_of(wildcards).syncer]
    return vram_mb(base)(wildcards, input, attempt, rulename)


def sync_vram_needed_mb(wildcards, rulename):
    """The same at the first try."""
    base = SYNC_VRAM_MB[render_of(wildcards).syncer]
    return vram_needed_mb(base)(wildcards, rulename)


def experiment_tables():
    """Tables that experiments have left, each with a digest, so that a new one is answered from."""
    tables = [
        project.results / "experiments" / f"{name}.parquet" for name in EXPERIMENTS
    ]
    return [
        [str(table), hashlib.sha256(table.read_bytes()).hexdigest()]
        for table in tables
        if table.is_file()
    ]


def detector_scores():
    """Scores of a detector for the page of answers: the user's own, or by the user's detector."""
    if project.detector_scores is not None:
        return [str(project.detector_scores)]
    return [] if project.detector_model is None else ["<results>/quality/detector.csv"]


def detector_model(wildcards):
    """The user's detector; asked for only where its scores are."""
    if project.detector_model is None:
        raise WorkflowError(
            "score_detector needs a detector: name an ONNX file of yours in answers.detector.model."
        )
    return str(project.detector_model)


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


def gpus(count):
    """GPUs that a job asks for: on a cluster none, where the processor is to do the work."""
    return 0 if CLUSTER and project.device == "cpu" else count


LEAST_RUNTIME_MIN = 5


def sizes(wildcards):
    """How large the work of a job is, as far as the sheet tells before anything is made."""
    if "render" not in wildcards.keys():
        return {}
    return sizes_of(wildcards.render, "scatteritem" in wildcards.keys())


@cache
def sizes_of(render, in_chunks):
    """The same by name, worked out once."""
    return sizes_of_render(
        project.renders[render], config["render"]["chunks"] if in_chunks else 1
    )


def measured_as(rule, wildcards):
    """The name that a rule's demands are measured under: with its preset where it has one."""
    preset = getattr(wildcards, "preset", None)
    return f"{rule}/{preset}" if preset else rule


def asked(what, base, per_input_mb=0.0):
    """Resource callable: as measured, or a base and a multiple of the input; doubled each try."""

    def amount(wildcards, input, attempt, rulename):
        otherwise = base + (per_input_mb * size_mb(input) if per_input_mb else 0)
        name = measured_as(rulename, wildcards)
        return demand.of(name, what, sizes(wildcards), otherwise, attempt)

    return amount


def mem_mb(base, per_input_mb=0.0):
    """Memory that a job asks for, in MB, with the rule's own figures where none were measured."""
    return asked("mem_mb", base, per_input_mb)


def vram_mb(base):
    """GPU memory, like `mem_mb`."""
    return asked("vram_mb", base)


def vram_needed_mb(base):
    """GPU memory at the first try, under a name that no `--resources vram_mb=` clips."""

    def amount(wildcards, rulename):
        name = measured_as(rulename, wildcards)
        return demand.of(name, "vram_mb", sizes(wildcards), base, 1)

    return amount


# GPU memory that a preset asks for: estimates, not measured. What does not fit is trained in
# smaller pieces.
TRAINING_VRAM_MB = {"quick": 2000, "standard": 8000, "large": 32000}


def training_vram_mb(wildcards, input, attempt, rulename):
    """GPU memory that a training asks for."""
    base = TRAINING_VRAM_MB[wildcards.preset]
    return vram_mb(base)(wildcards, input, attempt, rulename)


def training_vram_needed_mb(wildcards, rulename):
    """The same at the first try."""
    return vram_needed_mb(TRAINING_VRAM_MB[wildcards.preset])(wildcards, rulename)


def runtime_min(base):
    """Minutes that a job asks for, like `mem_mb`; some, for a scheduler ends a job at its limit."""

    def amount(wildcards, attempt, rulename):
        name = measured_as(rulename, wildcards)
        seconds = demand.of(name, "runtime_s", sizes(wildcards), base * 60, attempt)
        return max(LEAST_RUNTIME_MIN, -(-seconds // 60))

    return amount


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


def source_clip(wildcards):
    """The file that a clip's id stands for."""
    return str(project.clips[wildcards.clip].path)


def reference_picture(wildcards):
    """The picture of the person to follow in a clip, where the configuration names one."""
    face = project.clips[wildcards.clip].face
    return [face["picture"]] if face and "picture" in face else []


def wanted_by(wildcards):
    """Whose file asks for the sound of a clip, in words for an error message."""
    return [
        f"{person.name} lists it under {listed}"
        for person in project.people.values()
        for listed, clips in (
            ("voice", person.voice_clips),
            ("face", person.face_clips),
        )
        if wildcards.clip in clips
    ]


def heard_face_clips(wildcards):
    """Clips that show the person's face and carry the person's voice."""
    person = person_of(wildcards)
    return [clip for clip in person.face_clips if clip in person.voice_clips]


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


def usage_of(stage, part):
    """Pattern of the usage records of a rule. Not its output: in a bucket that cannot be expanded."""
    return f"<results>/usage/{stage}/{part}.jsonl"


def shared_records():
    """Usage records of what is done once, however many renders there are."""
    real = [name for name in PEOPLE if project.people[name].kind != "synthetic"]
    together = [name for name in PEOPLE if speaks_together(name)]
    synthetic = [name for name in PEOPLE if name in GENERATED]
    heard = {clip for name in PEOPLE for clip in project.people[name].voice_clips}
    records = []
    for stage, people in (
        ("check_consent", PEOPLE),
        ("enrol_voice", PEOPLE),
        ("match_face", real),
        ("match_voice", real),
        ("speak_together", together),
        ("generate_person", synthetic),
    ):
        records += expand(usage_of(stage, "{person}"), person=people)
    records += sorted({learning_usage(render) for render in RENDERS})
    for stage, clips in (
        ("normalise_clip", CLIPS),
        ("track_faces", CLIPS),
        ("crop_faces", CLIPS),
        ("locate_points", CLIPS if FAN else []),
        ("extract_audio", sorted(heard)),
    ):
        records += expand(usage_of(stage, "{clip}"), clip=clips)
    return records


def usage_records(wildcards):
    """The usage record of every job of this run."""
    scores = expand(usage_of("score_render", "{render}"), render=project.renders)
    return shared_records() + render_records(RENDERS) + scores


def render_records(renders):
    """Usage records of the jobs that each render needs for itself, up to the verified file."""
    names = [render.name for render in renders]
    driven = [render.name for render in renders if render.syncer == "rewrite"]
    records = expand(usage_of("drive_lips", "{render}"), render=driven)
    for stage in (
        "swap_faces",
        "speak_script",
        "plan_render",
        "assemble",
        "mark_render",
        "verify_render",
    ):
        records += expand(usage_of(stage, "{render}"), render=names)
    for stage in ("sync_lips", "composite"):
        for pattern in gather.chunk(usage_of(stage, "{{render}}/{scatteritem}")):
            records += expand(pattern, render=names)
    return records
