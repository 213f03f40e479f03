"""Weights and footage, pinned by sha256."""

from mythmeter.models.catalogue import by_file


rule fetch_model:
    output:
        model=ensure(
            "<resources>/models/{file}",
            sha256=lambda wildcards: by_file(catalogue, wildcards.file).sha256,
        ),
    log:
        "<logs>/fetch_model/{file}.log",
    benchmark:
        "<benchmarks>/fetch_model/{file}.tsv"
    wildcard_constraints:
        file=r"[^/]+",
    conda:
        "../envs/models.yaml"
    resources:
        mem_mb=500,
        runtime="10m",
    params:
        catalogue=str(project.models),
        sha256=lambda wildcards: by_file(catalogue, wildcards.file).sha256,
    script:
        "../scripts/fetch_model.py"
