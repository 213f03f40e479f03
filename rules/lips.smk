"""Lips: what the mouth does, and the swapped face with that mouth."""

require_syncer_weights()


rule drive_lips:
    input:
        consent=receipt,
        match=match_of("face"),
        crops=of_face_clips("crops.parquet"),
        heard=lambda wildcards: [
            f"<results>/clips/{clip}/speech_16k.wav"
            for clip in heard_face_clips(wildcards)
        ],
        speech="<results>/voice/{render}/speech.wav",
        words="<results>/voice/{render}/words.json",
        timeline="<results>/render/{render}/timeline.parquet",
    output:
        drive="<results>/lips/{render}/drive.parquet",
        usage="<results>/usage/drive_lips/{render}.jsonl",
    log:
        "<logs>/drive_lips/{render}.log",
    benchmark:
        "<benchmarks>/drive_lips/{render}.tsv"
    conda:
        "../envs/lips.yaml"
    threads: 1
    resources:
        mem_mb=mem_mb(800),
        runtime=runtime_min(10),
    params:
        clips=lambda wildcards: list(person_of(wildcards).face_clips),
        heard_clips=heard_face_clips,
        gain=config["lips"]["gain"],
        viseme_mix=config["lips"]["viseme_mix"],
        shape_mix=config["lips"]["shape_mix"],
        max_units=config["lips"]["max_units"],
        code=lambda wildcards: code_version("drive_lips"),
    script:
        "../scripts/drive_lips.py"


rule sync_lips:
    input:
        consent=receipt,
        match=match_of("face"),
        drive=for_syncer("rewrite", "<results>/lips/{render}/drive.parquet"),
        speech=for_syncer("wav2lip", "<results>/voice/{render}/speech.wav"),
        weights=syncer_weights,
        timeline="<results>/render/{render}/timeline.parquet",
        swap="<results>/swap/{render}/faces.mkv",
        swap_points="<results>/swap/{render}/faces.parquet",
        crops=of_face_clips("crops.mkv"),
        crop_points=of_face_clips("crops.parquet"),
    output:
        video="<results>/lips/{render}/{scatteritem}.mkv",
        table="<results>/lips/{render}/{scatteritem}.parquet",
        usage="<results>/usage/sync_lips/{render}/{scatteritem}.jsonl",
    log:
        "<logs>/sync_lips/{render}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/sync_lips/{render}/{scatteritem}.tsv"
    conda:
        "../envs/lips.yaml"
    threads: 1
    resources:
        gpu=gpus(1),
        vram_mb=sync_vram_mb,
        vram_needed_mb=sync_vram_needed_mb,
        mem_mb=sync_mem_mb,
        runtime=runtime_min(30),
    params:
        device=config["device"],
        syncer=lambda wildcards: render_of(wildcards).syncer,
        supplied=settings_of_syncer,
        code=lambda wildcards: code_version("sync_lips"),
    script:
        "../scripts/sync_lips.py"
