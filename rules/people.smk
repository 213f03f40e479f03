"""The gate: nothing is generated without a receipt of consent."""


rule check_consent:
    input:
        record=lambda wildcards: str(person_of(wildcards).consent),
        clips=lambda wildcards: [
            str(project.clips[clip].path) for clip in person_of(wildcards).clips
        ],
    output:
        receipt="<results>/consent/{person}.json",
        usage="<results>/usage/check_consent/{person}.jsonl",
    log:
        "<logs>/check_consent/{person}.log",
    benchmark:
        "<benchmarks>/check_consent/{person}.tsv"
    conda:
        "../envs/people.yaml"
    threads: 1
    resources:
        mem_mb=mem_mb(300),
        runtime="5m",
    params:
        kind=lambda wildcards: person_of(wildcards).kind,
        clips=lambda wildcards: list(person_of(wildcards).clips),
        face=lambda wildcards: bool(person_of(wildcards).face_clips),
        voice=lambda wildcards: bool(person_of(wildcards).voice_clips),
        languages=lambda wildcards: list(project.languages(wildcards.person)),
        code=lambda wildcards: code_version("check_consent"),
    script:
        "../scripts/check_consent.py"
