"""The usage records of a run, and the tables that experiments left."""

import hashlib

# What a table of an experiment says it comes from.
EXPERIMENT = (
    f"make experiments ({workflow.overwrite_configfiles[-1]})"
    if workflow.overwrite_configfiles
    else "make experiments"
)


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


def comparisons(pattern):
    """A file of each render's comparison, where the configuration asks for them."""
    return expand(
        pattern, render=project.renders if config["render"]["comparison"] else []
    )


def usage_records(wildcards):
    """The usage record of every job of this run."""
    scores = expand(usage_of("score_render", "{render}"), render=project.renders)
    scores += comparisons(usage_of("compare_render", "{render}"))
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
