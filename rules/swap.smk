"""The person's face learnt, and put on the performer."""

require_swapper_files()


rule train_swap:
    input:
        models=oneshot_files("recognition"),
        consent=receipt,
        match=match_of("face"),
        crops=of_face_clips("crops.mkv"),
        points=of_face_clips("crops.parquet"),
    output:
        model="<results>/swap/{person}/{swapper}/model.safetensors",
        usage="<results>/usage/train_swap/{person}/{swapper}.jsonl",
    log:
        "<logs>/train_swap/{person}/{swapper}.log",
    benchmark:
        "<benchmarks>/train_swap/{person}/{swapper}.tsv"
    wildcard_constraints:
        swapper=r"[a-z_]+",
    conda:
        "../envs/swap.yaml"
    threads: 1
    resources:
        gpu=gpus(1),
        vram_mb=vram_mb(1000),
        vram_needed_mb=vram_needed_mb(1000),
        mem_mb=mem_mb(1500, 2.0),
        runtime=runtime_min(30),
    params:
        swapper=lambda wildcards: wildcards.swapper,
        texture_px=config["swap"]["texture_px"],
        components=config["swap"]["components"],
        enrolment_frames=config["swap"]["enrolment_frames"],
        device=config["device"],
        provider=config["swap"]["oneshot"]["provider"],
        code=lambda wildcards: code_version("train_swap"),
    script:
        "../scripts/train_swap.py"


rule train_pair:
    input:
        consent=receipt,
        match=match_of("face"),
        footage=lambda wildcards: str(project.clips[wildcards.clip].path),
        licence=performer_licence,
        crops=of_face_clips("crops.mkv"),
        points=of_face_clips("crops.parquet"),
        target_crops="<results>/clips/{clip}/crops.mkv",
        target_points="<results>/clips/{clip}/crops.parquet",
        warm_start=[str(project.warm_start)] if project.warm_start else [],
        encoder=(
            [model("dlib_points"), model("dlib_face")]
            if config["swap"]["identity_curve"]
            else []
        ),
    output:
        model="<results>/swap/{person}/{swapper}/{preset}/{clip}/model.safetensors",
        training="<results>/swap/{person}/{swapper}/{preset}/{clip}/training.json",
        preview=report(
            "<results>/swap/{person}/{swapper}/{preset}/{clip}/preview.jpg",
            category="Swap",
            labels={"person": "{person}", "target": "{clip}", "preset": "{preset}"},
        ),
        usage="<results>/usage/train_pair/{person}/{swapper}/{preset}/{clip}.jsonl",
    log:
        "<logs>/train_pair/{person}/{swapper}/{preset}/{clip}.log",
    benchmark:
        "<benchmarks>/train_pair/{person}/{swapper}/{preset}/{clip}.tsv"
    wildcard_constraints:
        swapper="|".join(PAIR_SWAPPERS),
        preset=r"[a-z]+",
    conda:
        "../envs/swap.yaml"
    threads: config["swap"]["threads"]
    resources:
        gpu=gpus(config["swap"]["gpus"]),
        vram_mb=training_vram_mb,
        vram_needed_mb=training_vram_needed_mb,
        mem_mb=mem_mb(4000, 4.0),
        runtime=runtime_min(1440),
    params:
        footage=lambda wildcards: wildcards.clip,
        held_out=config["swap"]["held_out"],
        enrolment_frames=config["swap"]["enrolment_frames"],
        seed=config["swap"]["seed"],
        samples=config["swap"]["samples"],
        flops=config["profile"]["flops"],
        device=config["device"],
        gpu_needed=config["swap"]["gpus"],
        code=lambda wildcards: code_version("train_pair"),
    script:
        "../scripts/train_pair.py"


rule swap_faces:
    input:
        models=oneshot_files("swapper"),
        consent=receipt,
        footage=footage_of,
        licence=licence_of,
        model=swap_model,
        crops=of_target("crops.mkv"),
        masks=of_target("masks.mkv"),
        points=of_target("crops.parquet"),
    output:
        video="<results>/swap/{render}/faces.mkv",
        table="<results>/swap/{render}/faces.parquet",
        usage="<results>/usage/swap_faces/{render}.jsonl",
    log:
        "<logs>/swap_faces/{render}.log",
    benchmark:
        "<benchmarks>/swap_faces/{render}.tsv"
    conda:
        "../envs/swap.yaml"
    threads: 1
    resources:
        gpu=gpus(1),
        vram_mb=vram_mb(1000),
        vram_needed_mb=vram_needed_mb(1000),
        mem_mb=mem_mb(1500),
        runtime=runtime_min(30),
    params:
        footage=lambda wildcards: render_of(wildcards).target,
        swapper=lambda wildcards: render_of(wildcards).swapper,
        start_s=lambda wildcards: render_of(wildcards).start_s,
        end_s=lambda wildcards: render_of(wildcards).end_s,
        own=target_is_own,
        device=config["device"],
        provider=config["swap"]["oneshot"]["provider"],
        code=lambda wildcards: code_version("swap_faces"),
    script:
        "../scripts/swap_faces.py"
