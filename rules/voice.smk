"""The person's voice enrolled, and the script spoken with it."""


rule enrol_voice:
    input:
        consent=receipt,
        match=match_of("voice"),
        recordings=of_voice_clips("speech_24k.wav"),
        models=of_enrolment,
    output:
        voice="<results>/voice/{person}/voice.safetensors",
        reference="<results>/voice/{person}/reference.wav",
        enrolment="<results>/voice/{person}/enrolment.json",
        usage="<results>/usage/enrol_voice/{person}.jsonl",
    log:
        "<logs>/enrol_voice/{person}.log",
    benchmark:
        "<benchmarks>/enrol_voice/{person}.tsv"
    conda:
        "../envs/voice.yaml"
    threads: 2
    resources:
        gpu=gpus(1),
        vram_mb=vram_mb(4000),
        vram_needed_mb=vram_needed_mb(4000),
        mem_mb=mem_mb(4500),
        runtime=runtime_min(20),
    params:
        assets=lambda wildcards: enrolment_assets(synthesiser_of(wildcards)),
        synthesiser=synthesiser_of,
        settings=settings_of_synthesiser,
        fit_steps=config["voice"]["fit_steps"],
        equaliser_strength=config["voice"]["equaliser_strength"],
        seed=config["voice"]["seed"],
        device=config["device"],
        code=lambda wildcards: code_version("enrol_voice"),
    script:
        "../scripts/enrol_voice.py"


rule speak_together:
    input:
        consent=receipt,
        voice="<results>/voice/{person}/voice.safetensors",
        models=of_synthesiser_alone,
    output:
        takes="<results>/voice/{person}/first_takes.safetensors",
        usage="<results>/usage/speak_together/{person}.jsonl",
    log:
        "<logs>/speak_together/{person}.log",
    benchmark:
        "<benchmarks>/speak_together/{person}.tsv"
    conda:
        "../envs/voice.yaml"
    threads: 2
    resources:
        gpu=gpus(1),
        vram_mb=vram_mb(6000),
        vram_needed_mb=vram_needed_mb(6000),
        mem_mb=mem_mb(8000),
        runtime=runtime_min(60),
    params:
        assets=lambda wildcards: speaking_assets(synthesiser_of(wildcards)),
        scripts=scripts_of_person,
        synthesiser=synthesiser_of,
        settings=settings_of_synthesiser,
        speed=config["voice"]["speed"],
        seed=config["voice"]["seed"],
        device=config["device"],
        code=lambda wildcards: code_version("speak_together"),
    script:
        "../scripts/speak_together.py"


rule speak_script:
    input:
        consent=receipt,
        voice=of_person("<results>/voice/{person}/voice.safetensors"),
        reference=of_person("<results>/voice/{person}/reference.wav"),
        models=of_synthesiser,
        first_takes=first_takes,
    output:
        speech="<results>/voice/{render}/speech.wav",
        words="<results>/voice/{render}/words.json",
        takes="<results>/voice/{render}/takes.json",
        usage="<results>/usage/speak_script/{render}.jsonl",
    log:
        "<logs>/speak_script/{render}.log",
    benchmark:
        "<benchmarks>/speak_script/{render}.tsv"
    conda:
        "../envs/voice.yaml"
    threads: 2
    resources:
        gpu=gpus(1),
        vram_mb=vram_mb(2000),
        vram_needed_mb=vram_needed_mb(2000),
        mem_mb=mem_mb(2000),
        runtime=runtime_min(20),
    params:
        assets=lambda wildcards: spoken_assets(synthesiser_of(wildcards)),
        script=lambda wildcards: render_of(wildcards).script,
        language=lambda wildcards: render_of(wildcards).language,
        synthesiser=synthesiser_of,
        settings=settings_of_synthesiser,
        speed=config["voice"]["speed"],
        pause_s=config["voice"]["pause_s"],
        lead_s=config["voice"]["lead_s"],
        tail_s=config["voice"]["tail_s"],
        loudness_lufs=config["voice"]["loudness_lufs"],
        seed=config["voice"]["seed"],
        takes=config["voice"]["takes"],
        worst_wer=config["voice"]["worst_wer"],
        duration_s=lambda wildcards: render_of(wildcards).duration_s,
        speed_limits=config["voice"]["speed_limits"],
        device=config["device"],
        code=lambda wildcards: code_version("speak_script"),
    script:
        "../scripts/speak_script.py"
