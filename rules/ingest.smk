"""Source clips made uniform, and their sound taken out."""


rule normalise_clip:
    input:
        source=source_clip,
    output:
        clip="<results>/clips/{clip}/clip.mp4",
        verdict="<results>/clips/{clip}/verdict.json",
        usage="<results>/usage/normalise_clip/{clip}.jsonl",
    log:
        "<logs>/normalise_clip/{clip}.log",
    benchmark:
        "<benchmarks>/normalise_clip/{clip}.tsv"
    conda:
        "../envs/ingest.yaml"
    threads: 2
    resources:
        mem_mb=mem_mb(900),
        runtime=runtime_min(10),
    params:
        code=lambda wildcards: code_version("normalise_clip"),
        crf=config["ingest"]["crf"],
        max_height=config["ingest"]["max_height"],
        keyframe_s=config["ingest"]["keyframe_s"],
    script:
        "../scripts/normalise_clip.py"


rule extract_audio:
    input:
        source=source_clip,
    output:
        speech_16k="<results>/clips/{clip}/speech_16k.wav",
        speech_24k="<results>/clips/{clip}/speech_24k.wav",
        usage="<results>/usage/extract_audio/{clip}.jsonl",
    log:
        "<logs>/extract_audio/{clip}.log",
    benchmark:
        "<benchmarks>/extract_audio/{clip}.tsv"
    conda:
        "../envs/ingest.yaml"
    resources:
        mem_mb=mem_mb(400),
        runtime=runtime_min(10),
    params:
        code=lambda wildcards: code_version("extract_audio"),
        wanted_by=wanted_by,
    script:
        "../scripts/extract_audio.py"
