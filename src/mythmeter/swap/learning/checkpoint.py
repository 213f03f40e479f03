"""Everything that a training needs to go on as if nothing had happened, in one file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from mythmeter.atomic import replacing


def write_checkpoint(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors and facts; a process killed meanwhile leaves the checkpoint before."""
    stored = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    with replacing(path) as partial:
        save_file(stored, partial, {"facts": json.dumps(dict(facts))})


def read_checkpoint(
    path: Path, fingerprint: str
) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Return tensors and facts; None, with a message, where there is nothing to go on from.

    A checkpoint of other footage, settings or code has another fingerprint and is passed over.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get("facts", "{}"))
            if facts.get("fingerprint") != fingerprint:
                print(f"{path}: of other footage, settings or code; training starts anew.")
                return None
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        print(f"{path}: cannot be read ({error}); training starts anew.")
        return None


def network_tensors(network: nn.Module, prefix: str) -> dict[str, Tensor]:
    """Parameters of a network under a prefix; what is constant (buffers) is not kept."""
    return {f"{prefix}.{name}": value for name, value in network.named_parameters()}


def restore_network(network: nn.Module, tensors: Mapping[str, Tensor], prefix: str) -> None:
    """Put parameters back in place; their memory format stays, and with it every rounding."""
    with torch.no_grad():
        for name, value in network.named_parameters():
            value.copy_(tensors[f"{prefix}.{name}"])


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """State of every parameter of an optimiser."""
    return {
        f"optimiser.{number}.{name}": value
        for number, parameter in enumerate(_parameters(optimiser))
        for name, value in optimiser.state[parameter].items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put the state back, each moment in the memory format of its parameter."""
    for number, parameter in enumerate(_parameters(optimiser)):
        prefix = f"optimiser.{number}."
        for key, value in tensors.items():
            if not key.startswith(prefix):
                continue
            kept = value.to(parameter.device)
            if value.shape == parameter.shape:
                kept = torch.empty_like(parameter).copy_(value).detach()
            optimiser.state[parameter][key.removeprefix(prefix)] = kept


def _parameters(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]
