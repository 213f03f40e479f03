"""What the syncer of a render needs."""


def for_syncer(name, file):
    """Input function: a file that a render needs with one syncer alone."""
    return lambda wildcards: (
        [file.replace("{render}", wildcards.render)]
        if render_of(wildcards).syncer == name
        else []
    )


def syncer_weights(wildcards):
    """The file of the user's that the syncer of a render needs."""
    if render_of(wildcards).syncer != "wav2lip":
        return []
    return [model(config["lips"]["wav2lip"]["weights"])]


def require_syncer_weights():
    """Stop before any work where a render asks for Wav2Lip and its weights are not there."""
    if any(render.syncer == "wav2lip" for render in project.renders.values()):
        names = [config["lips"]["wav2lip"]["weights"]]
        require_supplied(names, "syncer wav2lip", "syncer rewrite")


def settings_of_syncer(wildcards):
    """How a syncer with weights of the user's runs; None: it has none."""
    if render_of(wildcards).syncer != "wav2lip":
        return None
    settings = dict(config["lips"]["wav2lip"])
    return {**settings, "licence": catalogue[settings.pop("weights")].licence}


# GPU memory that a syncer asks for, and memory: estimates, not measured on a GPU.
SYNC_VRAM_MB = {"rewrite": 500, "wav2lip": 2000}
SYNC_MEM_MB = {"rewrite": 900, "wav2lip": 2000}


def sync_mem_mb(wildcards, input, attempt, rulename):
    """Memory that a syncer asks for."""
    base = SYNC_MEM_MB[render_of(wildcards).syncer]
    return mem_mb(base)(wildcards, input, attempt, rulename)


def sync_vram_mb(wildcards, input, attempt, rulename):
    """GPU memory that a syncer asks for."""
    base = SYNC_VRAM_MB[render_of(wildcards).syncer]
    return vram_mb(base)(wildcards, input, attempt, rulename)


def sync_vram_needed_mb(wildcards, rulename):
    """The same at the first try."""
    base = SYNC_VRAM_MB[render_of(wildcards).syncer]
    return vram_needed_mb(base)(wildcards, rulename)
