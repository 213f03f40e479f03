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
        model="<results>/swap/{person}/model.safetensors",
        usage="<results>/usage/train_swap/{person}.jsonl",
    log:
        "<logs>/train_swap/{person}.log",
    benchmark:
        "<benchmarks>/train_swap/{person}.tsv"
    conda:
        "../envs/swap.yaml"
    threads: 1
    resources:
        gpu=1,
        vram_mb=vram_mb(1000),
        mem_mb=mem_mb(1500, 2.0),
        runtime="30m",
    params:
        swapper=config["swap"]["swapper"],
        texture_px=config["swap"]["texture_px"],
        components=config["swap"]["components"],
        enrolment_frames=config["swap"]["enrolment_frames"],
        device=project.device,
        provider=config["swap"]["oneshot"]["provider"],
        code=lambda wildcards: code_version("train_swap"),
    script:
        "../scripts/train_swap.py"


rule swap_faces:
    input:
        models=oneshot_files("swapper"),
        consent=receipt,
        footage=footage_of,
        licence=licence_of,
        model=of_person("<results>/swap/{person}/model.safetensors"),
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
        gpu=1,
        vram_mb=vram_mb(1000),
        mem_mb=mem_mb(1500),
        runtime="30m",
    params:
        footage=lambda wildcards: render_of(wildcards).target,
        swapper=lambda wildcards: render_of(wildcards).swapper,
        start_s=lambda wildcards: render_of(wildcards).start_s,
        end_s=lambda wildcards: render_of(wildcards).end_s,
        device=project.device,
        provider=config["swap"]["oneshot"]["provider"],
        code=lambda wildcards: code_version("swap_faces"),
    script:
        "../scripts/swap_faces.py"
