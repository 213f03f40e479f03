"""Which devices are read, and what a failing driver leaves behind."""

import pytest
from pynvml import NVMLError, NVMLError_LibraryNotFound, NVMLError_NotSupported

from mythmeter.usage.nvml import GpuProcess, Nvml, Unreadable

UUIDS = ("GPU-8932f937-d72c", "GPU-8a00aaaa-0000", "GPU-f00dcafe-1111")


class Process:
    def __init__(self, pid, memory):
        self.pid, self.usedGpuMemory = pid, memory


@pytest.fixture
def driver(monkeypatch):
    """Three devices by NVML's functions, a handle being a number."""
    names = ["A", "A", "A"]
    functions = {
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlSystemGetDriverVersion": lambda: "580.1",
        "nvmlDeviceGetCount": lambda: 3,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetName": lambda handle: names[handle],
        "nvmlDeviceGetUUID": lambda handle: UUIDS[handle],
        "nvmlDeviceGetHandleByUUID": lambda uuid: uuid.decode(),
        "nvmlDeviceGetTotalEnergyConsumption": lambda handle: 1500,
        "nvmlDeviceGetEnforcedPowerLimit": lambda handle: 300_000,
        "nvmlDeviceGetComputeRunningProcesses": lambda handle: [Process(7, 10), Process(8, None)],
        "nvmlDeviceGetGraphicsRunningProcesses": lambda handle: [Process(7, 99), Process(9, 1)],
    }
    for name, function in functions.items():
        monkeypatch.setattr(f"pynvml.{name}", function)
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)
    return names


def uuids(entries):
    return [gpu.uuid() for gpu in Nvml().held(entries)]


def test_an_index_and_a_uuid_and_a_short_uuid_find_their_device(driver):
    assert uuids(["2", "GPU-8932f937-d72c", "gpu-8a"]) == [UUIDS[2], UUIDS[0], UUIDS[1]]


def test_a_short_uuid_that_two_devices_share_finds_none(driver):
    with pytest.raises(Unreadable, match="2 devices have a UUID that starts with GPU-8"):
        Nvml().held(["GPU-8"])


def test_a_slice_of_a_device_is_found_by_its_full_name(driver):
    (gpu,) = Nvml().held(["MIG-1234"])
    assert gpu._handle == "MIG-1234"


def test_an_index_that_is_not_there_is_said(driver):
    with pytest.raises(Unreadable, match="3 devices and none of index 3"):
        Nvml().held(["3"])


def test_with_different_devices_an_index_counts_only_in_the_order_of_slots(driver, monkeypatch):
    driver[2] = "B"
    with pytest.raises(Unreadable, match="CUDA_DEVICE_ORDER=PCI_BUS_ID"):
        Nvml().held(["0"])
    assert uuids([UUIDS[0]]) == [UUIDS[0]]
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    assert uuids(["0"]) == [UUIDS[0]]


def test_units_are_joules_and_watts(driver):
    (gpu,) = Nvml().held(["0"])
    assert gpu.energy_j() == 1.5
    assert gpu.power_cap_w() == 300.0


def test_a_process_that_computes_and_draws_is_one(driver):
    (gpu,) = Nvml().held(["0"])
    assert gpu.processes() == [GpuProcess(7, 10), GpuProcess(8, None), GpuProcess(9, 1)]


@pytest.mark.parametrize("failure", [NVMLError_NotSupported(), AttributeError("no such symbol")])
def test_what_a_driver_does_not_support_is_unreadable_and_nothing_worse(
    driver, monkeypatch, failure
):
    def fail(handle):
        raise failure

    monkeypatch.setattr("pynvml.nvmlDeviceGetUtilizationRates", fail)
    (gpu,) = Nvml().held(["0"])
    with pytest.raises(Unreadable, match=r"^utilisation: "):
        gpu.utilisation()


@pytest.mark.parametrize("failure", [NVMLError_LibraryNotFound(), NVMLError(18)])
def test_without_a_driver_or_with_another_version_there_is_one_reason(monkeypatch, failure):
    def fail():
        raise failure

    monkeypatch.setattr("pynvml.nvmlInit", fail)
    with pytest.raises(Unreadable, match="NVML cannot be used"):
        Nvml()
