"""People who do not exist: their clip, and the record that says so."""

from mythmeter.people.keys import generator_id
from mythmeter.persona.assets import ASSETS as PERSONA_ASSETS

GENERATED = [name for name, person in project.people.items() if person.synthetic]


rule generate_person:
    input:
        models=[model(name) for name in PERSONA_ASSETS],
    output:
        video="<resources>/people/{person}/{person}.mp4",
        consent="<resources>/people/{person}/consent.json",
        usage="<results>/usage/generate_person/{person}.jsonl",
    log:
        "<logs>/generate_person/{person}.log",
    benchmark:
        "<benchmarks>/generate_person/{person}.tsv"
    wildcard_constraints:
        # A person without a recipe brings her own clips: this rule must not offer to make them.
        person="|".join(GENERATED) or "(?!)",
    conda:
        "../envs/persona.yaml"
    threads: 2
    resources:
        mem_mb=mem_mb(2500),
        runtime=runtime_min(15),
    params:
        assets=PERSONA_ASSETS,
        recipe=lambda wildcards: person_of(wildcards).synthetic,
        clip=lambda wildcards: person_of(wildcards).face_clips[0],
        languages=lambda wildcards: list(project.languages(wildcards.person)),
        # Another machine's record is not trusted here: with another key she is made anew.
        key=lambda wildcards: generator_id(),
        code=lambda wildcards: code_version("generate_person"),
    script:
        "../scripts/generate_person.py"
