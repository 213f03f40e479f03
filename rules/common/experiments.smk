"""Which renders, batches and variants the experiments measure."""

import re
from dataclasses import asdict

from mythmeter.config.variants import load_variants
from mythmeter.errors import ConfigError


def renders_of_batch(wildcards):
    """The rows of a batch: `users-4-1` to `users-4-4` of batch 4."""
    pattern = rf"users-{wildcards.batch}-[0-9]+"
    found = [render for render in RENDERS if re.fullmatch(pattern, render.name)]
    if len(found) != int(wildcards.batch):
        raise ConfigError(
            f"Batch {wildcards.batch} needs {wildcards.batch} renders called users-"
            f"{wildcards.batch}-1, -2, …; the sheet has {len(found)}."
        )
    return found


def batches():
    """Sizes of the batches that the sheet has rows of."""
    names = [re.fullmatch(r"users-([0-9]+)-[0-9]+", render.name) for render in RENDERS]
    return sorted({int(name.group(1)) for name in names if name})


def first_render():
    """The render whose person and footage the variants are measured on."""
    return RENDERS[0]


@cache
def variant_sheet():
    """The variants by name, read when a rule of theirs is asked for."""
    try:
        return load_variants(config, workflow.overwrite_configfiles)
    except MythmeterError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None


def variants(skipped):
    """The variants that are measured, or those that are not."""
    return [
        variant
        for variant in variant_sheet().values()
        if bool(variant.skipped) == skipped
    ]
