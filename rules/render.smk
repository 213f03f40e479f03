"""The render: planned, composited in chunks, joined, signed, and read back."""

SIGNING = str(project.signing_folder) if project.signing_folder else None

# NVENC is a part of a GPU; its work takes none of what `gpu` packs, but the device must be there.
ENCODER_GPUS = 1 if config["render"]["encoder"] == "h264_nvenc" else 0


rule plan_render:
    input:
        speech="<results>/voice/{render}/speech.wav",
        faces=of_target("faces.parquet"),
    output:
        timeline="<results>/render/{render}/timeline.parquet",
        usage="<results>/usage/plan_render/{render}.jsonl",
    log:
        "<logs>/plan_render/{render}.log",
    benchmark:
        "<benchmarks>/plan_render/{render}.tsv"
    conda:
        "../envs/render.yaml"
    threads: 1
    resources:
        mem_mb=mem_mb(300),
        runtime=runtime_min(5),
    params:
        start_s=lambda wildcards: render_of(wildcards).start_s,
        end_s=lambda wildcards: render_of(wildcards).end_s,
        fit=lambda wildcards: render_of(wildcards).fit,
        chunks=config["render"]["chunks"],
        code=lambda wildcards: code_version("plan_render"),
    script:
        "../scripts/plan_render.py"


rule composite:
    input:
        consent=receipt,
        clip=of_target("clip.mp4"),
        verdict=of_target("verdict.json"),
        faces=of_target("faces.parquet"),
        masks=of_target("masks.mkv"),
        timeline="<results>/render/{render}/timeline.parquet",
        crops="<results>/lips/{render}/{scatteritem}.mkv",
        geometry="<results>/lips/{render}/{scatteritem}.parquet",
        encoder=model("rivagan_encoder"),
        decoder=model("rivagan_decoder"),
    output:
        chunk="<results>/render/{render}/{scatteritem}.mp4",
        usage="<results>/usage/composite/{render}/{scatteritem}.jsonl",
    log:
        "<logs>/composite/{render}/{scatteritem}.log",
    benchmark:
        "<benchmarks>/composite/{render}/{scatteritem}.tsv"
    conda:
        "../envs/render.yaml"
    threads: 1
    resources:
        gpu=gpus(ENCODER_GPUS),
        mem_mb=mem_mb(900),
        runtime=runtime_min(30),
    params:
        device=config["device"] if ENCODER_GPUS else "cpu",
        label=config["render"]["label"],
        encoder=config["render"]["encoder"],
        crf=config["render"]["crf"],
        preset=config["render"]["preset"],
        code=lambda wildcards: code_version("composite"),
    script:
        "../scripts/composite.py"


rule assemble:
    input:
        consent=receipt,
        chunks=gather.chunk("<results>/render/{{render}}/{scatteritem}.mp4"),
        speech="<results>/voice/{render}/speech.wav",
        words="<results>/voice/{render}/words.json",
        timeline="<results>/render/{render}/timeline.parquet",
    output:
        assembled=temp("<results>/render/{render}/assembled.mp4"),
        usage="<results>/usage/assemble/{render}.jsonl",
    log:
        "<logs>/assemble/{render}.log",
    benchmark:
        "<benchmarks>/assemble/{render}.tsv"
    conda:
        "../envs/render.yaml"
    threads: 1
    resources:
        mem_mb=mem_mb(500),
        runtime=runtime_min(10),
    params:
        audio_kbps=config["render"]["audio_kbps"],
        code=lambda wildcards: code_version("assemble"),
    script:
        "../scripts/assemble.py"


rule mark_render:
    input:
        consent=receipt,
        record=record_of,
        sources=sources_of,
        revocations=revocations,
        footage=footage_of,
        licence=licence_of,
        face_match=match_of("face"),
        voice_match=match_of("voice"),
        assembled="<results>/render/{render}/assembled.mp4",
        words="<results>/voice/{render}/words.json",
        target=of_target("clip.mp4"),
        faces=of_face_clips("clip.mp4"),
        voices=of_voice_clips("speech_24k.wav"),
        speech="<results>/voice/{render}/speech.wav",
    output:
        # Not the final place: only the rule that has verified a render writes there.
        video=temp("<results>/render/{render}/signed.mp4"),
        captions=temp("<results>/render/{render}/signed.vtt"),
        poster=temp("<results>/render/{render}/signed.jpg"),
        usage="<results>/usage/mark_render/{render}.jsonl",
    log:
        "<logs>/mark_render/{render}.log",
    benchmark:
        "<benchmarks>/mark_render/{render}.tsv"
    conda:
        "../envs/render.yaml"
    threads: 1
    resources:
        mem_mb=mem_mb(600),
        runtime=runtime_min(10),
    params:
        label=config["render"]["label"],
        backends=credited_backends,
        catalogue=str(project.models),
        gate=gate_of,
        footage=lambda wildcards: render_of(wildcards).target,
        generated=generated_for,
        clips=clips_of_render,
        ingredients=lambda wildcards: ingredients_of(person_of(wildcards)),
        signing=SIGNING,
        final=lambda wildcards: str(
            project.results / "renders" / f"{wildcards.render}.mp4"
        ),
        code=lambda wildcards: code_version("mark_render"),
    script:
        "../scripts/mark_render.py"


rule verify_render:
    input:
        video="<results>/render/{render}/signed.mp4",
        captions="<results>/render/{render}/signed.vtt",
        poster="<results>/render/{render}/signed.jpg",
        decoder=model("rivagan_decoder"),
    output:
        video="<results>/renders/{render}.mp4",
        captions="<results>/renders/{render}.vtt",
        poster=report(
            "<results>/renders/{render}.jpg",
            caption="../reports/captions/render.rst",
            category="Renders",
            labels={"render": "{render}"},
        ),
        receipt="<results>/renders/{render}.receipt.json",
        usage="<results>/usage/verify_render/{render}.jsonl",
    log:
        "<logs>/verify_render/{render}.log",
    benchmark:
        "<benchmarks>/verify_render/{render}.tsv"
    conda:
        "../envs/render.yaml"
    threads: 1
    resources:
        mem_mb=mem_mb(2000),
        runtime=runtime_min(20),
    params:
        signing=SIGNING,
        code=lambda wildcards: code_version("verify_render"),
    script:
        "../scripts/verify_render.py"


# Only made where `render.comparison` asks for it. One job from end to end: no unmarked file is left.
rule compare_render:
    input:
        consent=receipt,
        record=record_of,
        sources=sources_of,
        revocations=revocations,
        footage=footage_of,
        licence=licence_of,
        face_match=match_of("face"),
        voice_match=match_of("voice"),
        target=of_target("clip.mp4"),
        target_faces=of_target("faces.parquet"),
        masks=of_target("masks.mkv"),
        timeline="<results>/render/{render}/timeline.parquet",
        swap="<results>/swap/{render}/faces.mkv",
        swap_points="<results>/swap/{render}/faces.parquet",
        crops=gather.chunk("<results>/lips/{{render}}/{scatteritem}.mkv"),
        geometry=gather.chunk("<results>/lips/{{render}}/{scatteritem}.parquet"),
        faces=of_face_clips("clip.mp4"),
        voices=of_voice_clips("speech_24k.wav"),
        speech="<results>/voice/{render}/speech.wav",
        words="<results>/voice/{render}/words.json",
        encoder=model("rivagan_encoder"),
        decoder=model("rivagan_decoder"),
    output:
        video="<results>/renders/{render}.comparison.mp4",
        captions="<results>/renders/{render}.comparison.vtt",
        poster="<results>/renders/{render}.comparison.jpg",
        receipt="<results>/renders/{render}.comparison.receipt.json",
        usage="<results>/usage/compare_render/{render}.jsonl",
    log:
        "<logs>/compare_render/{render}.log",
    benchmark:
        "<benchmarks>/compare_render/{render}.tsv"
    conda:
        "../envs/render.yaml"
    threads: 1
    resources:
        gpu=gpus(ENCODER_GPUS),
        mem_mb=mem_mb(2000),
        runtime=runtime_min(60),
    params:
        device=config["device"] if ENCODER_GPUS else "cpu",
        label=config["render"]["label"],
        encoder=config["render"]["encoder"],
        crf=config["render"]["crf"],
        preset=config["render"]["preset"],
        audio_kbps=config["render"]["audio_kbps"],
        backends=credited_backends,
        catalogue=str(project.models),
        gate=gate_of,
        footage=lambda wildcards: render_of(wildcards).target,
        generated=generated_for,
        clips=clips_of_render,
        ingredients=lambda wildcards: ingredients_of(person_of(wildcards)),
        signing=SIGNING,
        work=lambda wildcards: str(
            project.results / "render" / wildcards.render / "comparison"
        ),
        code=lambda wildcards: code_version("compare_render"),
    script:
        "../scripts/compare_render.py"
