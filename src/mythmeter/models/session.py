"""A session of ONNX Runtime on the provider that was asked for, or none at all.

ONNX Runtime itself falls back to the CPU without an error where a provider does not load.
"""

import os
from pathlib import Path

import onnxruntime

from mythmeter.errors import DeviceError, ModelError


def open_session(
    path: Path, provider: str, *, key: str, undone: str
) -> onnxruntime.InferenceSession:
    """Load a graph; it uses as many threads as the job was given.

    Args:
        path: of the graph.
        provider: of ONNX Runtime, such as CPUExecutionProvider.
        key: of the configuration that names the provider, for the message.
        undone: what did not happen where it fails, for the message: `swapped`.

    Raises:
        DeviceError: the provider is not part of this ONNX Runtime, or did not load.
        ModelError: the file is no graph.
    """
    available = onnxruntime.get_available_providers()
    if provider not in available:
        raise DeviceError(
            f"{key}: {provider} is not part of the ONNX Runtime installed here, which has "
            f"{', '.join(available)}. Name one of these, or install the build that has it (for "
            "NVIDIA: onnxruntime-gpu in place of onnxruntime)."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", "0") or 0)
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(path, options, providers=[provider])
    except Exception as error:  # the runtime raises types of its own, which it does not export
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"{path}: cannot be loaded as an ONNX graph ({reason}).") from error
    loaded = session.get_providers()
    if loaded[0] != provider:
        raise DeviceError(
            f"{path.name}: {provider} did not load and ONNX Runtime went on with {loaded[0]}. Its "
            f"own log says which library is missing. Nothing was {undone}: name {loaded[0]} in "
            f"{key} if that is what you want."
        )
    return session
