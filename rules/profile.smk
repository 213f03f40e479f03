"""Usage records to one table, its pictures and the report."""

from mythmeter.usage.fields import RECORD_VERSION
from mythmeter.usage.record_sets import files_of_sets

RENDERS = list(project.renders.values())
PEOPLE = sorted({render.person for render in RENDERS})
CLIPS = face_clips_in_use()
EXPERIMENTS = ("length", "users", "training", "ablation")
CHARTS = ("cost_per_stage", "gantt", "peak_memory", "price_per_minute")


rule gather_usage:
    input:
        records=usage_records,
    output:
        table="<results>/profile/usage.parquet",
    log:
        "<logs>/gather_usage.log",
    benchmark:
        "<benchmarks>/gather_usage.tsv"
    conda:
        "../envs/profile.yaml"
    resources:
        mem_mb=mem_mb(500),
        runtime=runtime_min(5),
    params:
        code=lambda wildcards: code_version("gather_usage"),
        record_version=RECORD_VERSION,
    script:
        "../scripts/gather_usage.py"


rule gather_machines:
    input:
        usage="<results>/profile/usage.parquet",
        timelines=expand(
            "<results>/render/{render}/timeline.parquet", render=project.renders
        ),
        sets=[str(file) for file in files_of_sets(project.records)],
    output:
        table="<results>/profile/machines.parquet",
    log:
        "<logs>/gather_machines.log",
    benchmark:
        "<benchmarks>/gather_machines.tsv"
    conda:
        "../envs/profile.yaml"
    resources:
        mem_mb=mem_mb(500),
        runtime="5m",
    params:
        code=lambda wildcards: code_version("gather_machines"),
        record_version=RECORD_VERSION,
        records=str(project.records),
    script:
        "../scripts/gather_machines.py"


rule draw_charts:
    input:
        usage="<results>/profile/usage.parquet",
        timelines=expand(
            "<results>/render/{render}/timeline.parquet", render=project.renders
        ),
        prices=str(project.prices),
    output:
        charts=report(
            expand("<results>/profile/charts/{chart}.svg", chart=CHARTS),
            caption="../reports/captions/charts.rst",
            category="Cost",
        ),
        stages="<results>/profile/stages.csv",
        prices="<results>/profile/prices.csv",
        scope="<results>/profile/scope.json",
    log:
        "<logs>/draw_charts.log",
    benchmark:
        "<benchmarks>/draw_charts.tsv"
    conda:
        "../envs/profile.yaml"
    resources:
        mem_mb=mem_mb(1000),
        runtime=runtime_min(5),
    params:
        code=lambda wildcards: code_version("draw_charts"),
    script:
        "../scripts/draw_charts.py"


rule answer_questions:
    input:
        usage="<results>/profile/usage.parquet",
        timelines=expand(
            "<results>/render/{render}/timeline.parquet", render=project.renders
        ),
        machines="<results>/profile/machines.parquet",
        detector_scores=detector_scores(),
        prices=str(project.prices),
        gpus=str(project.gpus),
        market=str(project.market),
        founding=workflow.source_path("../config/founding.csv"),
        template=workflow.source_path("../reports/templates/answers.html.j2"),
    output:
        page=report(
            "<reports>/answers.html",
            caption="../reports/captions/answers.rst",
            category="Answers",
        ),
        tables=directory("<results>/answers"),
    log:
        "<logs>/answer_questions.log",
    benchmark:
        "<benchmarks>/answer_questions.tsv"
    conda:
        "../envs/profile.yaml"
    resources:
        mem_mb=mem_mb(1500),
        runtime="10m",
    params:
        code=lambda wildcards: code_version("answer_questions"),
        renders=list(project.renders),
        service=config["answers"]["service"],
        spot_mtbi_h=config["answers"]["spot_mtbi_h"],
        # Not inputs: under this sheet their rules would make other tables of the same names.
        experiments=experiment_tables(),
    script:
        "../scripts/answer_questions.py"


rule write_report:
    input:
        renders=expand("<results>/renders/{render}.mp4", render=project.renders),
        captions=expand("<results>/renders/{render}.vtt", render=project.renders),
        posters=expand("<results>/renders/{render}.jpg", render=project.renders),
        marks=expand("<results>/renders/{render}.receipt.json", render=project.renders),
        quality=expand("<results>/quality/{render}.json", render=project.renders),
        sheets=expand("<results>/quality/{render}.jpg", render=project.renders),
        consent=expand(
            "<results>/consent/{person}.json",
            person=[render.person for render in project.renders.values()],
        ),
        enrolments=expand(
            "<results>/voice/{person}/enrolment.json",
            person=[render.person for render in project.renders.values()],
        ),
        takes=expand("<results>/voice/{render}/takes.json", render=project.renders),
        crops=expand("<results>/clips/{clip}/crops.jpg", clip=CLIPS),
        verdicts=expand("<results>/clips/{clip}/verdict.json", clip=CLIPS),
        points=(
            expand("<results>/clips/{clip}/points_68.jpg", clip=CLIPS) if FAN else []
        ),
        point_summaries=(
            expand("<results>/clips/{clip}/points_68.json", clip=CLIPS) if FAN else []
        ),
        charts=rules.draw_charts.output.charts,
        stages=rules.draw_charts.output.stages,
        prices=rules.draw_charts.output.prices,
        scope=rules.draw_charts.output.scope,
        template=workflow.source_path("../reports/templates/report.html.j2"),
    output:
        page="<reports>/report.html",
    log:
        "<logs>/write_report.log",
    benchmark:
        "<benchmarks>/write_report.tsv"
    conda:
        "../envs/profile.yaml"
    resources:
        mem_mb=mem_mb(1000),
        runtime=runtime_min(5),
    params:
        code=lambda wildcards: code_version("write_report"),
        renders=list(project.renders),
        models=supplied_models(),
        signing=SIGNING,
        footage={
            project.clips[render.target].id: project.clips[render.target].licence
            for render in project.renders.values()
        },
    script:
        "../scripts/write_report.py"
