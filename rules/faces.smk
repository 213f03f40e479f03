"""The face of every frame: its points, and aligned crops."""

from mythmeter.faces.track import assets as tracking_assets

FAN = config["faces"]["landmarks"] == "fan"
if FAN:
    require_supplied(["fan"], "faces.landmarks: fan", "faces.landmarks: facemesh")


rule track_faces:
    input:
        clip="<results>/clips/{clip}/clip.mp4",
        consent=record_of_clip,
        models=[model(name) for name in tracking_assets(config["faces"]["landmarks"])],
        reference=reference_picture,
    output:
        faces="<results>/clips/{clip}/faces.parquet",
        verdict="<results>/clips/{clip}/faces.json",
        usage="<results>/usage/track_faces/{clip}.jsonl",
    log:
        "<logs>/track_faces/{clip}.log",
    benchmark:
        "<benchmarks>/track_faces/{clip}.tsv"
    conda:
        "../envs/faces.yaml"
    threads: 1
    resources:
        mem_mb=mem_mb(1000),
        runtime=runtime_min(60),
    params:
        code=lambda wildcards: code_version("track_faces"),
        landmarks=config["faces"]["landmarks"],
        assets=tracking_assets(config["faces"]["landmarks"]),
        smoothing_frames=config["faces"]["smoothing_frames"],
        max_turn_deg=config["faces"]["max_turn_deg"],
        face=lambda wildcards: project.clips[wildcards.clip].face,
    script:
        "../scripts/track_faces.py"


rule locate_points:
    input:
        clip="<results>/clips/{clip}/clip.mp4",
        faces="<results>/clips/{clip}/faces.parquet",
        weights=model("fan"),
    output:
        table="<results>/clips/{clip}/points_68.parquet",
        sheet=report(
            "<results>/clips/{clip}/points_68.jpg",
            category="faces",
            labels={"clip": "{clip}"},
        ),
        summary="<results>/clips/{clip}/points_68.json",
        usage="<results>/usage/locate_points/{clip}.jsonl",
    log:
        "<logs>/locate_points/{clip}.log",
    benchmark:
        "<benchmarks>/locate_points/{clip}.tsv"
    conda:
        "../envs/faces.yaml"
    threads: 1
    resources:
        gpu=gpus(1),
        vram_mb=vram_mb(3000),
        vram_needed_mb=vram_needed_mb(3000),
        mem_mb=mem_mb(2000),
        runtime=runtime_min(120),
    params:
        code=lambda wildcards: code_version("locate_points"),
        fan=config["faces"]["fan"],
        licence=catalogue["fan"].licence,
        device=config["device"],
    script:
        "../scripts/locate_points.py"


rule crop_faces:
    input:
        clip="<results>/clips/{clip}/clip.mp4",
        faces="<results>/clips/{clip}/faces.parquet",
        points="<results>/clips/{clip}/points_68.parquet" if FAN else [],
        parsing=[str(project.parsing)] if project.parsing else [],
    output:
        video="<results>/clips/{clip}/crops.mkv",
        masks="<results>/clips/{clip}/masks.mkv",
        table="<results>/clips/{clip}/crops.parquet",
        sheet=report(
            "<results>/clips/{clip}/crops.jpg",
            category="faces",
            labels={"clip": "{clip}"},
        ),
        usage="<results>/usage/crop_faces/{clip}.jsonl",
    log:
        "<logs>/crop_faces/{clip}.log",
    benchmark:
        "<benchmarks>/crop_faces/{clip}.tsv"
    conda:
        "../envs/faces.yaml"
    threads: 1
    resources:
        mem_mb=mem_mb(700),
        runtime=runtime_min(30),
    params:
        code=lambda wildcards: code_version("crop_faces"),
        crop_px=config["faces"]["crop_px"],
    script:
        "../scripts/crop_faces.py"
