"""Mythmeter: raw video to a labelled, signed, verified render and the bill for it."""

from snakemake.utils import min_version

from mythmeter.config import load_project
from mythmeter.config.share import share_of
from mythmeter.errors import MythmeterError

min_version("9.0")


configfile: "config/config.yaml"


# Only an executor that sends jobs elsewhere counts nodes; a job that was sent is `remote`.
CLUSTER = workflow.remote_exec or workflow.resource_settings.nodes is not None
# The bucket of inputs and results, where there is one.
STORED = (
    workflow.storage_settings.default_storage_prefix
    or workflow.storage_settings.default_storage_provider
)

try:
    project = load_project(
        config,
        workflow.overwrite_configfiles,
        main=workflow.is_main_process,
        cluster=CLUSTER,
        stored=STORED,
    )
except MythmeterError as error:
    # The message alone: Snakemake would add where in the Snakefile it was raised.
    raise SystemExit(f"{type(error).__name__}: {error}") from None


pathvars:
    results=str(project.results),
    reports=str(project.reports),
    logs=str(project.results / "logs"),
    benchmarks=str(project.results / "benchmarks"),
    resources="resources",


scattergather:
    chunk=config["render"]["chunks"],


wildcard_constraints:
    render=r"[a-z0-9][a-z0-9_-]*",
    person=r"[a-z0-9][a-z0-9_-]*",
    clip=r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)?",


include: "rules/common.smk"
include: "rules/models.smk"
include: "rules/people.smk"
include: "rules/ingest.smk"
include: "rules/faces.smk"
include: "rules/swap.smk"
include: "rules/voice.smk"
include: "rules/persona.smk"
include: "rules/lips.smk"
include: "rules/render.smk"
include: "rules/quality.smk"
include: "rules/profile.smk"
include: "rules/experiments.smk"


# What `all` makes but for the report, to be asked for in slices: --batch renders=1/10.
rule renders:
    input:
        # The last file of each: a batch is a slice of this list, and must hold whole renders.
        expand("<results>/quality/{render}.json", render=share_of(project.renders)),


rule all:
    default_target: True
    input:
        expand("<results>/renders/{render}.receipt.json", render=project.renders),
        comparisons("<results>/renders/{render}.comparison.receipt.json"),
        "<reports>/report.html",
        "<reports>/answers.html",
        "<reports>/quality.html",
