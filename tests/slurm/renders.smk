"""The workflow as it is; what asks for no GPU works where Snakemake was started."""


include: "../../Snakefile"


localrules:
    fetch_model,
    check_consent,
    normalise_clip,
    extract_audio,
    match_voice,
    match_face,
    track_faces,
    crop_faces,
    plan_render,
    drive_lips,
    composite,
    assemble,
    mark_render,
    verify_render,
