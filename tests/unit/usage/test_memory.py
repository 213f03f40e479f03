import errno

import pytest
import torch

from mythmeter.errors import MediaError
from mythmeter.usage.memory import is_out_of_memory


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"
        ),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_each_library_says_in_its_own_way_that_memory_ran_out(error):
    assert is_out_of_memory(error)


def test_an_error_that_a_lack_of_memory_caused_counts():
    try:
        try:
            raise MemoryError
        except MemoryError as cause:
            raise ValueError("the batch failed") from cause
    except ValueError as error:
        assert is_out_of_memory(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("shape mismatch"),
        OSError(errno.ENOSPC, "No space left on device"),
        MediaError("clip 'out of memory.mp4' has no frames"),
        None,
    ],
)
def test_other_errors_do_not(error):
    assert not is_out_of_memory(error)
