"""The finished render scored: each metric beside its control."""

from mythmeter.faces.landmarks.protocol import assets as score_landmark_assets

SCORE_MODELS = ("dlib_face", "dlib_points", "dvector", "whisper")


rule score_render:
    input:
        render="<results>/renders/{render}.mp4",
        consent=receipt,
        clip=of_target("clip.mp4"),
        faces=of_target("faces.parquet"),
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
        runtime="30m",
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
