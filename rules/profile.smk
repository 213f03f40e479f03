"""Usage records to one table, its pictures and the report."""

RENDERS = list(project.renders.values())
PEOPLE = sorted({render.person for render in RENDERS})
CLIPS = face_clips_in_use()
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
    script:
        "../scripts/gather_usage.py"


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
