"""The gate: nothing is generated without a receipt of consent."""

from mythmeter.people.gate import standing_of


rule check_consent:
    input:
        record=record_of,
        clips=sources_of,
        revocations=revocations,
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
        runtime=runtime_min(5),
    params:
        gate=gate_of,
        # Changes when consent ends by time alone, without any file changing: then it runs again.
        standing=lambda wildcards: standing_of(
            gate_of(wildcards), person_of(wildcards).consent
        ),
        code=lambda wildcards: code_version("check_consent"),
    script:
        "../scripts/check_consent.py"


rule match_face:
    input:
        consent=receipt,
        record=record_of,
        likeness=likeness_of,
        clips=of_face_clips("clip.mp4"),
        faces=of_face_clips("faces.parquet"),
        models=[model("dlib_points"), model("dlib_face")],
    output:
        match="<results>/consent/{person}.face.json",
        usage="<results>/usage/match_face/{person}.jsonl",
    log:
        "<logs>/match_face/{person}.log",
    benchmark:
        "<benchmarks>/match_face/{person}.tsv"
    conda:
        "../envs/faces.yaml"
    threads: 1
    resources:
        mem_mb=mem_mb(700),
        runtime=runtime_min(10),
    params:
        clips=lambda wildcards: list(person_of(wildcards).face_clips),
        code=lambda wildcards: code_version("match_face"),
    script:
        "../scripts/match_face.py"


rule match_voice:
    input:
        consent=receipt,
        record=record_of,
        likeness=likeness_of,
        recordings=of_voice_clips("speech_16k.wav"),
        models=[model("dvector")],
    output:
        match="<results>/consent/{person}.voice.json",
        usage="<results>/usage/match_voice/{person}.jsonl",
    log:
        "<logs>/match_voice/{person}.log",
    benchmark:
        "<benchmarks>/match_voice/{person}.tsv"
    conda:
        "../envs/voice.yaml"
    threads: 1
    resources:
        mem_mb=mem_mb(700),
        runtime=runtime_min(10),
    params:
        clips=lambda wildcards: list(person_of(wildcards).voice_clips),
        code=lambda wildcards: code_version("match_voice"),
    script:
        "../scripts/match_voice.py"
