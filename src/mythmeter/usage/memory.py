"""Out of memory, told apart from every other error: it is worth another try with more, or in parts.

Each library says it in its own way: Python and NumPy raise MemoryError, torch OutOfMemoryError or a
RuntimeError of the allocator, cuBLAS, cuDNN and ONNX Runtime an error with a text.
"""

import errno
import re
import sys

OUT_OF_MEMORY_EXIT = errno.ENOMEM
"""Exit status of a job that ran out of memory: 12, as the system's own error number."""

TEXTS = re.compile(
    r"out of memory"
    r"|can't allocate memory"  # torch on the CPU
    r"|CUBLAS_STATUS_ALLOC_FAILED"
    r"|CUDNN_STATUS_(?:INTERNAL_ERROR_)?\w*ALLOC_FAILED"
    r"|Failed to allocate memory for requested buffer"  # ONNX Runtime's arena
    r"|Insufficient memory"  # OpenCV
    r"|Unable to allocate .* for an array",  # NumPy
    re.IGNORECASE,
)


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or one that caused it, says that memory ran out, a GPU's or not."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if _says_so(error):
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False


def _says_so(error: BaseException) -> bool:
    if isinstance(error, MemoryError):
        return True
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    # Only what these libraries raise: a message of our own may quote a name that holds these words.
    theirs = type(error).__module__.startswith(("onnxruntime", "cv2", "torch"))
    return (theirs or type(error) is RuntimeError) and bool(TEXTS.search(str(error)))
