"""Stand-ins on 127.0.0.1: moto for AWS, and a Kubernetes API that takes jobs and fails them."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PLUGINS = Path(__file__).parents[2] / ".executors" / "cloud"
REGION = "us-east-1"


def cloud_environment(endpoint: str) -> dict[str, str]:
    """Variables under which boto3 and the S3 storage plugin speak to a local server only."""
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "SNAKEMAKE_"))}
    return {
        **ours,
        "PYTHONPATH": str(PLUGINS),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": endpoint,
        "SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "testing",
        "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "testing",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def content_type(body: Any, method: str) -> str:
    """Of a body: JSON, a file, or the form that the oldest of AWS's interfaces want."""
    if isinstance(body, dict):
        return "application/json"
    return "application/octet-stream" if method == "PUT" else "application/x-www-form-urlencoded"


@dataclass
class Moto:
    """A running moto server."""

    endpoint: str

    def call(self, path: str, body: Any = None, method: str = "POST", service: str = "s3") -> Any:
        """Send a request as an AWS client would and return the answer, parsed where it is JSON."""
        text = self.send(path, body, method, service).decode()
        return json.loads(text) if text.startswith("{") else text

    def send(self, path: str, body: Any, method: str, service: str) -> bytes:
        """Send a request as an AWS client would and return the answer's bytes."""
        signed_for = f"Credential=testing/20260101/{REGION}/{service}/aws4_request"
        request = urllib.request.Request(
            self.endpoint + path,
            data=json.dumps(body).encode() if isinstance(body, dict) else body,
            method=method,
            headers={
                "Authorization": f"AWS4-HMAC-SHA256 {signed_for}",
                "Content-Type": content_type(body, method),
            },
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return answer.read()

    def make_bucket(self, name: str) -> None:
        """Make an empty bucket."""
        self.call(f"/{name}", None, "PUT")

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Put a file into a bucket."""
        self.call(f"/{bucket}/{key}", content, "PUT")

    def get(self, bucket: str, key: str) -> bytes:
        """Return a file of a bucket."""
        return self.send(f"/{bucket}/{key}", None, "GET", "s3")

    def keys(self, bucket: str) -> set[str]:
        """Names of the objects in a bucket."""
        return set(
            re.findall(r"<Key>(.*?)</Key>", self.call(f"/{bucket}?list-type=2", None, "GET"))
        )


@contextmanager
def running_moto() -> Iterator[Moto]:
    """Start moto in a process of its own, with batch jobs that start no container."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env=cloud_environment(endpoint),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        moto = Moto(endpoint)
        _wait_for(moto, process)
        moto.call("/moto-api/config", {"batch": {"use_docker": False}})
        yield moto
    finally:
        process.terminate()
        process.wait(60)  # beside much other work ten seconds were too few


def _wait_for(moto: Moto, process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + 120
    while True:
        try:
            moto.call("/moto-api/config", None, "GET")
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError("moto's server did not come up") from None
            time.sleep(0.2)


@dataclass
class KubernetesApi:
    """What a cluster was asked for."""

    endpoint: str
    jobs: list[dict[str, Any]] = field(default_factory=list)

    def write_kubeconfig(self, path: Path) -> None:
        """Write the file by which a client finds this server."""
        named = {"name": "local"}
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "local",
                    "clusters": [{**named, "cluster": {"server": self.endpoint}}],
                    "users": [{**named, "user": {"token": "testing"}}],
                    "contexts": [{**named, "context": {"cluster": "local", "user": "local"}}],
                }
            )
        )


@contextmanager
def running_kubernetes() -> Iterator[KubernetesApi]:
    """Serve the few calls that Snakemake's plugin makes; every job fails at once."""
    api = KubernetesApi("")

    class Handler(BaseHTTPRequestHandler):
        def answer(self, body: dict[str, Any], status: int = 200) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/jobs"):
                api.jobs.append(body)
            self.answer(body, 201)

        def do_GET(self) -> None:
            if "/pods" in self.path:
                self.answer({"kind": "PodList", "apiVersion": "v1", "items": []})
            else:
                self.answer({"kind": "Job", "apiVersion": "batch/v1", "status": {"failed": 1}})

        def do_DELETE(self) -> None:
            self.answer({"kind": "Status", "apiVersion": "v1", "status": "Success"})

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
