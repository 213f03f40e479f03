"""Which stage a rule belongs to, in the order of the walk from raw video to report."""

STAGES: dict[str, tuple[str, ...]] = {
    "person": ("generate_person",),
    "people": ("check_consent", "match_face", "match_voice"),
    "ingest": ("normalise_clip", "extract_audio"),
    "faces": ("track_faces", "locate_points", "crop_faces"),
    "swap": ("train_swap", "train_pair", "swap_faces"),
    "voice": ("enrol_voice", "speak_together", "speak_script"),
    "lips": ("drive_lips", "sync_lips"),
    "render": ("plan_render", "composite", "assemble", "mark_render", "verify_render"),
    "quality": ("score_render", "score_swap", "score_detector", "compare_render"),
}

INSTRUMENT = ("person", "quality")
"""Stages that the built-in example and the measuring need, but a deepfake does not."""


def stage_of(rule: str) -> str:
    """Return the stage of a rule; a rule that belongs to none is its own stage."""
    return next((stage for stage, rules in STAGES.items() if rule in rules), rule)
