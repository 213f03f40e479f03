"""What a job asks of the machine."""

from functools import cache

from mythmeter.config.demand import load_demand, size_mb
from mythmeter.config.sizes import sizes_of_render

demand = load_demand(
    project.demand_file,
    {
        "mem_mb": config["demand"]["max_mem_mb"],
        "vram_mb": config["demand"]["max_vram_mb"],
        "runtime_s": config["demand"]["max_runtime_min"]
        and config["demand"]["max_runtime_min"] * 60,
    },
    check=workflow.is_main_process,
)


def gpus(count):
    """GPUs that a job asks for: on a cluster none, where the processor is to do the work."""
    return 0 if CLUSTER and project.device == "cpu" else count


LEAST_RUNTIME_MIN = 5


def sizes(wildcards):
    """How large the work of a job is, as far as the sheet tells before anything is made."""
    if "render" not in wildcards.keys():
        return {}
    return sizes_of(wildcards.render, "scatteritem" in wildcards.keys())


@cache
def sizes_of(render, in_chunks):
    """The same by name, worked out once."""
    return sizes_of_render(
        project.renders[render], config["render"]["chunks"] if in_chunks else 1
    )


def measured_as(rule, wildcards):
    """The name that a rule's demands are measured under: with its preset where it has one."""
    preset = getattr(wildcards, "preset", None)
    return f"{rule}/{preset}" if preset else rule


def asked(what, base, per_input_mb=0.0):
    """Resource callable: as measured, or a base and a multiple of the input; doubled each try."""

    def amount(wildcards, input, attempt, rulename):
        otherwise = base + (per_input_mb * size_mb(input) if per_input_mb else 0)
        name = measured_as(rulename, wildcards)
        return demand.of(name, what, sizes(wildcards), otherwise, attempt)

    return amount


def mem_mb(base, per_input_mb=0.0):
    """Memory that a job asks for, in MB, with the rule's own figures where none were measured."""
    return asked("mem_mb", base, per_input_mb)


def vram_mb(base):
    """GPU memory, like `mem_mb`."""
    return asked("vram_mb", base)


def vram_needed_mb(base):
    """GPU memory at the first try, under a name that no `--resources vram_mb=` clips."""

    def amount(wildcards, rulename):
        name = measured_as(rulename, wildcards)
        return demand.of(name, "vram_mb", sizes(wildcards), base, 1)

    return amount


def runtime_min(base):
    """Minutes that a job asks for, like `mem_mb`; some, for a scheduler ends a job at its limit."""

    def amount(wildcards, attempt, rulename):
        name = measured_as(rulename, wildcards)
        seconds = demand.of(name, "runtime_s", sizes(wildcards), base * 60, attempt)
        return max(LEAST_RUNTIME_MIN, -(-seconds // 60))

    return amount
