"""Experiments: renders of several lengths, several at once, and one setting against another."""

VARIANT_MODELS = (
    *tracking_assets(config["faces"]["landmarks"]),
    *spoken_assets("kokoro"),
)


rule share_work:
    input:
        # All that is done once: nothing of it may run beside what is measured.
        lambda wildcards: shared_records(),


rule measure_lengths:
    input:
        records=lambda wildcards: render_records(RENDERS),
        shared=lambda wildcards: shared_records(),
        timelines=expand(
            "<results>/render/{render}/timeline.parquet", render=project.renders
        ),
    output:
        table="<results>/experiments/length.parquet",
        csv="<results>/experiments/length.csv",
    log:
        "<logs>/measure_lengths.log",
    benchmark:
        "<benchmarks>/measure_lengths.tsv"
    conda:
        "../envs/profile.yaml"
    resources:
        mem_mb=mem_mb(500),
        runtime="5m",
    params:
        renders=list(project.renders),
        source=EXPERIMENT,
        code=lambda wildcards: code_version("measure_lengths"),
    script:
        "../scripts/measure_lengths.py"


rule measure_batch:
    input:
        records=lambda wildcards: render_records(renders_of_batch(wildcards)),
        shared=lambda wildcards: shared_records(),
    output:
        table="<results>/experiments/users/{batch}.parquet",
        csv="<results>/experiments/users/{batch}.csv",
        jobs="<results>/experiments/users/{batch}.usage.parquet",
    log:
        "<logs>/measure_batch/{batch}.log",
    benchmark:
        "<benchmarks>/measure_batch/{batch}.tsv"
    wildcard_constraints:
        batch="[0-9]+",
    conda:
        "../envs/profile.yaml"
    resources:
        mem_mb=mem_mb(500),
        runtime="5m",
    params:
        gpus=config["experiments"]["users"]["gpus"],
        source=EXPERIMENT,
        code=lambda wildcards: code_version("measure_batch"),
    script:
        "../scripts/measure_batch.py"


rule measure_users:
    input:
        batches=expand("<results>/experiments/users/{batch}.parquet", batch=batches()),
    output:
        table="<results>/experiments/users.parquet",
        csv="<results>/experiments/users.csv",
    log:
        "<logs>/measure_users.log",
    benchmark:
        "<benchmarks>/measure_users.tsv"
    conda:
        "../envs/profile.yaml"
    resources:
        mem_mb=mem_mb(500),
        runtime="5m",
    params:
        code=lambda wildcards: code_version("measure_users"),
    script:
        "../scripts/measure_users.py"


rule measure_variant:
    input:
        consent=lambda wildcards: f"<results>/consent/{first_render().person}.json",
        clip=lambda wildcards: f"<results>/clips/{first_render().target}/clip.mp4",
        faces=lambda wildcards: f"<results>/clips/{first_render().target}/faces.parquet",
        crops=lambda wildcards: f"<results>/clips/{first_render().target}/crops.mkv",
        points=lambda wildcards: f"<results>/clips/{first_render().target}/crops.parquet",
        masks=lambda wildcards: f"<results>/clips/{first_render().target}/masks.mkv",
        person_crops=lambda wildcards: [
            f"<results>/clips/{clip}/crops.mkv"
            for clip in project.people[first_render().person].face_clips
        ],
        person_points=lambda wildcards: [
            f"<results>/clips/{clip}/crops.parquet"
            for clip in project.people[first_render().person].face_clips
        ],
        swap=lambda wildcards: f"<results>/swap/{first_render().person}/closed_form/model.safetensors",
        voice=lambda wildcards: f"<results>/voice/{first_render().person}/voice.safetensors",
        models=[model(name) for name in VARIANT_MODELS],
    output:
        facts="<results>/experiments/ablation/{variant}.json",
        usage="<results>/usage/measure_variant/{variant}.jsonl",
    log:
        "<logs>/measure_variant/{variant}.log",
    benchmark:
        "<benchmarks>/measure_variant/{variant}.tsv"
    wildcard_constraints:
        variant=r"[a-z0-9][a-z0-9_-]*",
    conda:
        "../envs/experiments.yaml"
    # All cores that a variant may use, so that no other job runs beside it.
    threads: 2
    resources:
        gpu=1,
        vram_mb=vram_mb(4000),
        mem_mb=mem_mb(5000),
        runtime="60m",
    params:
        row=lambda wildcards: asdict(variant_sheet()[wildcards.variant]),
        model_names=VARIANT_MODELS,
        repeats=config["experiments"]["ablation"]["repeats"],
        start_s=config["experiments"]["ablation"]["start_s"],
        segment_s=config["experiments"]["ablation"]["segment_s"],
        samples=config["experiments"]["ablation"]["samples"],
        text=config["experiments"]["ablation"]["text"],
        crf=config["render"]["crf"],
        preset=config["render"]["preset"],
        landmarks=config["faces"]["landmarks"],
        device=project.device,
        code=lambda wildcards: code_version("measure_variant"),
    script:
        "../scripts/measure_variant.py"


rule measure_ablation:
    input:
        measured=lambda wildcards: [
            f"<results>/experiments/ablation/{variant.name}.json"
            for variant in variants(skipped=False)
        ],
    output:
        table="<results>/experiments/ablation.parquet",
        csv="<results>/experiments/ablation.csv",
    log:
        "<logs>/measure_ablation.log",
    benchmark:
        "<benchmarks>/measure_ablation.tsv"
    conda:
        "../envs/profile.yaml"
    resources:
        mem_mb=mem_mb(500),
        runtime="5m",
    params:
        skipped=lambda wildcards: [
            asdict(variant) for variant in variants(skipped=True)
        ],
        source=EXPERIMENT,
        code=lambda wildcards: code_version("measure_ablation"),
    script:
        "../scripts/measure_ablation.py"
