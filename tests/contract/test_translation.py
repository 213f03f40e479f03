"""The profiles ask a cloud for what the rules declare. Nothing is executed: requests are read."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from contract.servers import REGION, Moto, cloud_environment, running_kubernetes

REPOSITORY = Path(__file__).parents[2]
WORKFLOW = Path(__file__).parent / "workflow"


def submit(
    folder: Path, profile: str, environment: dict[str, str], bucket: str, *arguments: str
) -> str:
    """Run the small workflow with a shipped profile until its jobs were submitted and failed."""
    shutil.copytree(WORKFLOW, folder)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake"),
            *("--workflow-profile", str(REPOSITORY / "profiles" / profile)),
            *("--default-storage-prefix", f"s3://{bucket}/run", "--container-image", "mythmeter"),
            *("--retries", "0", "--keep-going", "--seconds-between-status-checks", "1"),
            *("--latency-wait", "1"),
            *arguments,
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def kubernetes(moto: Moto, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Rule -> resources of the container that Kubernetes was asked to run."""
    folder = tmp_path_factory.mktemp("kubernetes")
    moto.make_bucket("kubernetes")
    with running_kubernetes() as api:
        config = folder / "kubeconfig"
        api.write_kubeconfig(config)
        environment = {**cloud_environment(moto.endpoint), "KUBECONFIG": str(config)}
        said = submit(folder / "run", "kubernetes", environment, "kubernetes")
    assert len(api.jobs) == 2, said
    return {rule_of(job): container_of(job)["resources"] for job in api.jobs}


def container_of(job: dict[str, Any]) -> dict[str, Any]:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return container


def rule_of(job: dict[str, Any]) -> str:
    text = " ".join(container_of(job)["args"])
    return "swap_faces" if "swap_faces" in text else "composite"


def test_kubernetes_is_asked_for_one_nvidia_gpu(kubernetes: dict[str, dict[str, Any]]) -> None:
    asked = kubernetes["swap_faces"]
    assert asked["requests"]["nvidia.com/gpu"] == "1"
    assert asked["limits"]["nvidia.com/gpu"] == "1"
    assert asked["requests"]["memory"] == "1500M"


def test_kubernetes_is_asked_for_no_gpu_where_none_is_declared(
    kubernetes: dict[str, dict[str, Any]],
) -> None:
    asked = kubernetes["composite"]
    assert "nvidia.com/gpu" not in {**asked["requests"], **asked["limits"]}


@pytest.fixture(scope="module")
def batch(moto: Moto, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Rule -> what the job definition asks AWS Batch for, by type."""
    folder = tmp_path_factory.mktemp("batch")
    moto.make_bucket("batch")
    role = "arn:aws:iam::123456789012:role/batch"
    environment = moto.call(
        "/v1/createcomputeenvironment",
        {
            "computeEnvironmentName": "local",
            "type": "UNMANAGED",
            "state": "ENABLED",
            "serviceRole": make_role(moto),
        },
        service="batch",
    )
    queue = moto.call(
        "/v1/createjobqueue",
        {
            "jobQueueName": "local",
            "state": "ENABLED",
            "priority": 1,
            "computeEnvironmentOrder": [
                {"order": 1, "computeEnvironment": environment["computeEnvironmentArn"]}
            ],
        },
        service="batch",
    )
    said = submit(
        folder / "run",
        "aws-batch",
        cloud_environment(moto.endpoint),
        "batch",
        *("--aws-batch-region", REGION, "--aws-batch-job-queue", queue["jobQueueArn"]),
        *("--aws-batch-job-role", role),
    )
    found = moto.call("/v1/describejobdefinitions", {}, service="batch")["jobDefinitions"]
    asked = {}
    for definition in found:
        rule = re.sub(r"^snakejob-def-(\w+?)-.*", r"\1", definition["jobDefinitionName"])
        needs = definition["containerProperties"]["resourceRequirements"]
        asked[rule] = {need["type"]: need["value"] for need in needs}
        asked[rule]["timeout_s"] = definition["timeout"]["attemptDurationSeconds"]
    assert set(asked) == {"swap_faces", "composite"}, said
    return asked


def make_role(moto: Moto) -> str:
    """A role that the compute environment may name; moto checks that there is one."""
    answer = moto.call(
        "/",
        b"Action=CreateRole&Version=2010-05-08&RoleName=batch&AssumeRolePolicyDocument=%7B%7D",
        service="iam",
    )
    return re.search(r"<Arn>(.*?)</Arn>", answer)[1]


def test_aws_batch_is_asked_for_one_gpu(batch: dict[str, dict[str, str]]) -> None:
    assert batch["swap_faces"]["GPU"] == "1"


def test_aws_batch_is_asked_for_no_gpu_where_none_is_declared(
    batch: dict[str, dict[str, str]],
) -> None:
    assert "GPU" not in batch["composite"]


def test_aws_batch_is_asked_for_no_less_memory_than_declared(
    batch: dict[str, dict[str, str]],
) -> None:
    assert int(batch["swap_faces"]["MEMORY"]) >= 1500
    assert int(batch["composite"]["MEMORY"]) >= 900


def test_aws_batch_lets_a_job_run_for_a_day(batch: dict[str, dict[str, str]]) -> None:
    assert batch["swap_faces"]["timeout_s"] == 86400


def rules_of_the_workflow() -> dict[str, str]:
    """Rule -> its text."""
    rules = {}
    for path in (REPOSITORY / "rules").rglob("*.smk"):
        rules.update(re.findall(r"(?ms)^rule (\w+):\n(.*?)(?=^rule |\Z)", path.read_text()))
    return {name: body for name, body in rules.items() if "script:" in body}


def test_the_profile_of_aws_batch_knows_every_rule_and_every_gpu() -> None:
    profile = yaml.safe_load((REPOSITORY / "profiles/aws-batch/profile.yaml").read_text())
    rules = rules_of_the_workflow()
    assert set(profile["set-resources"]) == set(rules)
    # What encodes wants a GPU with NVENC alone; the profile says so in words.
    asks = re.compile(r"^\s+gpu=(?!gpus\(ENCODER_GPUS\))", re.MULTILINE)
    with_gpu = {name for name, text in rules.items() if asks.search(text)}
    assert {n for n, asked in profile["set-resources"].items() if "_gpus" in asked} == with_gpu


@pytest.mark.parametrize("profile", ["default", "slurm", "kubernetes", "aws-batch"])
def test_retries_stand_in_profiles_and_in_no_rule(profile: str) -> None:
    text = yaml.safe_load((REPOSITORY / "profiles" / profile / "profile.yaml").read_text())
    # One machine tries once: a fault of the input is said once.
    assert text["retries"] == 0 if profile == "default" else text["retries"] >= 1
    assert not [name for name, body in rules_of_the_workflow().items() if "retries:" in body]
