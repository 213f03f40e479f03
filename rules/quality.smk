"""The finished render scored: each metric beside its control."""

from mythmeter.faces.landmarks.protocol import assets as score_landmark_assets

DETECTOR = config["answers"]["detector"]
FOOTAGE = sorted({render.target for render in project.renders.values()})
SCORE_MODELS = ("dlib_face", "dlib_points", "dvector", "whisper")


rule score_render:
    input:
        render="<results>/renders/{render}.mp4",
        consent=receipt,
        clip=of_target("clip.mp4"),
        faces=of_target("faces.parquet"),
        verdict=of_target("verdict.json"),
        source=footage_of,
        timeline="<results>/render/{render}/timeline.parquet",
        speech="<results>/voice/{render}/speech.wav",
        words="<results>/voice/{render}/words.json",
        enrolment=of_person("<results>/voice/{person}/enrolment.json"),
        person_clips=of_face_clips("clip.mp4"),
        person_tracks=of_face_clips("faces.parquet"),
        person_voice=of_voice_clips("speech_16k.wav"),
        talking_tracks=lambda wildcards: [
            f"<results>/clips/{clip}/faces.parquet"
            for clip in heard_face_clips(wildcards)
        ],
        talking_sounds=lambda wildcards: [
            f"<results>/clips/{clip}/speech_16k.wav"
            for clip in heard_face_clips(wildcards)
        ],
        models=[model(name) for name in SCORE_MODELS],
        landmark_models=[
            model(name) for name in score_landmark_assets(config["faces"]["landmarks"])
        ],
    output:
        scores="<results>/quality/{render}.json",
        frames="<results>/quality/{render}.parquet",
        sheet=report(
            "<results>/quality/{render}.jpg",
            category="Quality",
            labels={"render": "{render}"},
        ),
        usage="<results>/usage/score_render/{render}.jsonl",
    log:
        "<logs>/score_render/{render}.log",
    benchmark:
        "<benchmarks>/score_render/{render}.tsv"
    conda:
        "../envs/quality.yaml"
    threads: 1
    resources:
        mem_mb=mem_mb(1800),
        runtime=runtime_min(30),
    params:
        every_frames=config["quality"]["every_frames"],
        landmarks=config["faces"]["landmarks"],
        landmark_assets=score_landmark_assets(config["faces"]["landmarks"]),
        model_names=SCORE_MODELS,
        label=config["render"]["label"],
        crf=config["render"]["crf"],
        preset=config["render"]["preset"],
        code=lambda wildcards: code_version("score_render"),
    script:
        "../scripts/score_render.py"


rule score_swap:
    input:
        consent=receipt,
        crops="<results>/swap/{render}/faces.mkv",
        table="<results>/swap/{render}/faces.parquet",
        clip=of_target("clip.mp4"),
        faces=of_target("faces.parquet"),
        masks=of_target("masks.mkv"),
        person_clips=of_face_clips("clip.mp4"),
        person_tracks=of_face_clips("faces.parquet"),
        models=[model(name) for name in SCORE_MODELS[:2]],
        landmark_models=[
            model(name) for name in score_landmark_assets(config["faces"]["landmarks"])
        ],
    output:
        scores="<results>/swap/{render}/score.json",
        strip=report(
            "<results>/swap/{render}/strip.jpg",
            category="Swap",
            labels={"render": "{render}"},
        ),
        usage="<results>/usage/score_swap/{render}.jsonl",
    log:
        "<logs>/score_swap/{render}.log",
    benchmark:
        "<benchmarks>/score_swap/{render}.tsv"
    conda:
        "../envs/quality.yaml"
    threads: 1
    resources:
        mem_mb=mem_mb(1200),
        runtime=runtime_min(30),
    params:
        every_frames=config["quality"]["every_frames"],
        landmarks=config["faces"]["landmarks"],
        landmark_assets=score_landmark_assets(config["faces"]["landmarks"]),
        model_names=SCORE_MODELS[:2],
        code=lambda wildcards: code_version("score_swap"),
    script:
        "../scripts/score_swap.py"


rule show_quality:
    input:
        renders=expand("<results>/renders/{render}.mp4", render=project.renders),
        captions=expand("<results>/renders/{render}.vtt", render=project.renders),
        posters=expand("<results>/renders/{render}.jpg", render=project.renders),
        marks=expand("<results>/renders/{render}.receipt.json", render=project.renders),
        scores=expand("<results>/quality/{render}.json", render=project.renders),
        frames=expand("<results>/quality/{render}.parquet", render=project.renders),
        sheets=expand("<results>/quality/{render}.jpg", render=project.renders),
        template=workflow.source_path("../reports/templates/quality.html.j2"),
    output:
        page="<reports>/quality.html",
        table="<results>/profile/quality.parquet",
        csv="<results>/profile/quality.csv",
    log:
        "<logs>/show_quality.log",
    benchmark:
        "<benchmarks>/show_quality.tsv"
    conda:
        "../envs/profile.yaml"
    resources:
        mem_mb=mem_mb(1000),
        runtime=runtime_min(5),
    params:
        code=lambda wildcards: code_version("show_quality"),
        renders=list(project.renders),
        languages=[render.language for render in project.renders.values()],
        signing=SIGNING,
    script:
        "../scripts/show_quality.py"


rule compare_swaps:
    input:
        scores=expand("<results>/swap/{render}/score.json", render=project.renders),
        strips=expand("<results>/swap/{render}/strip.jpg", render=project.renders),
        drawing=expand(
            "<results>/usage/swap_faces/{render}.jsonl", render=project.renders
        ),
        learning=[learning_usage(render) for render in project.renders.values()],
        tables=expand("<results>/swap/{render}/faces.parquet", render=project.renders),
        trainings=[
            f"<results>/swap/{learnt_face(render)}/training.json"
            for render in project.renders.values()
            if render.swapper in PAIR_SWAPPERS
        ],
        template=workflow.source_path("../reports/templates/training.html.j2"),
    output:
        page="<reports>/training.html",
        table="<results>/experiments/training.parquet",
        csv="<results>/experiments/training.csv",
    log:
        "<logs>/compare_swaps.log",
    benchmark:
        "<benchmarks>/compare_swaps.tsv"
    conda:
        "../envs/profile.yaml"
    resources:
        mem_mb=mem_mb(1000),
        runtime=runtime_min(5),
    params:
        source=EXPERIMENT,
        code=lambda wildcards: code_version("compare_swaps"),
        rows=[
            {
                "render": render.name,
                "person": render.person,
                "target": render.target,
                "swapper": render.swapper,
                "preset": render.preset if render.swapper in PAIR_SWAPPERS else None,
            }
            for render in project.renders.values()
        ],
    script:
        "../scripts/compare_swaps.py"


# Never an input of a rule that generates: nothing here is tuned against a detector.
rule score_detector:
    input:
        renders=expand("<results>/renders/{render}.mp4", render=project.renders),
        footage=expand("<results>/clips/{clip}/clip.mp4", clip=FOOTAGE),
        model=detector_model,
    output:
        scores="<results>/quality/detector.csv",
        usage="<results>/usage/score_detector.jsonl",
    log:
        "<logs>/score_detector.log",
    benchmark:
        "<benchmarks>/score_detector.tsv"
    conda:
        "../envs/quality.yaml"
    threads: 1
    resources:
        gpu=0 if DETECTOR["provider"] == "CPUExecutionProvider" else 1,
        vram_mb=vram_mb(2000),
        mem_mb=mem_mb(1500),
        runtime="60m",
    params:
        renders=[f"render {name}" for name in project.renders],
        footage=[f"footage {name}" for name in FOOTAGE],
        device=project.device,
        provider=DETECTOR["provider"],
        every_frames=DETECTOR["every_frames"],
        mean=DETECTOR["mean"],
        std=DETECTOR["std"],
        code=lambda wildcards: code_version("score_detector"),
    script:
        "../scripts/score_detector.py"
