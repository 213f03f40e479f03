"""Where a learnt face lies, and what its swapper needs."""

from mythmeter.swap.swappers import PAIR_SWAPPERS


def learnt_face(render):
    """Folder of a render's learnt face, below others; rows may name different swappers."""
    if render.swapper in PAIR_SWAPPERS:
        return f"{render.person}/{render.swapper}/{render.preset}/{render.target}"
    return f"{render.person}/{render.swapper}"


def swap_model(wildcards):
    """The learnt face behind a render: of the person, or of the person on this target."""
    return f"<results>/swap/{learnt_face(render_of(wildcards))}/model.safetensors"


def learning_usage(render):
    """The usage record of the job that learnt a render's face."""
    learnt_by = "train_pair" if render.swapper in PAIR_SWAPPERS else "train_swap"
    return f"<results>/usage/{learnt_by}/{learnt_face(render)}.jsonl"


def swapper_of(wildcards):
    """The swapper of a render, or of the face that is learnt."""
    if hasattr(wildcards, "render"):
        return render_of(wildcards).swapper
    return getattr(wildcards, "swapper", config["swap"]["swapper"])


def oneshot_files(role):
    """Input function: the file of the user's that the one-shot swapper needs in a role."""
    return lambda wildcards: (
        [model(config["swap"]["oneshot"][role])]
        if swapper_of(wildcards) == "oneshot_onnx"
        else []
    )


def require_swapper_files():
    """Stop before any work where a render asks for a one-shot swapper that is not there."""
    if any(render.swapper == "oneshot_onnx" for render in project.renders.values()):
        names = [config["swap"]["oneshot"][role] for role in ("swapper", "recognition")]
        require_supplied(names, "swapper oneshot_onnx", "swapper closed_form")


# GPU memory that a preset asks for: estimates, not measured. What does not fit is trained in
# smaller pieces.
TRAINING_VRAM_MB = {"quick": 2000, "standard": 8000, "large": 32000}


def training_vram_mb(wildcards, input, attempt, rulename):
    """GPU memory that a training asks for."""
    base = TRAINING_VRAM_MB[wildcards.preset]
    return vram_mb(base)(wildcards, input, attempt, rulename)


def training_vram_needed_mb(wildcards, rulename):
    """The same at the first try."""
    return vram_needed_mb(TRAINING_VRAM_MB[wildcards.preset])(wildcards, rulename)
