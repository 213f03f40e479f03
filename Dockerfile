# syntax=docker/dockerfile:1
# One image for every stage, for containers, Kubernetes and AWS Batch. See docs/clusters.md.
# Checked by tests/unit/test_dockerfile.py; not built by the tests, which have no container engine.
#
#   docker build -t mythmeter .                                   processor only
#   docker build -t mythmeter --build-arg TORCH_BACKEND=cu128 .
#   docker build -t mythmeter --build-arg WEIGHTS=fetch .         with the fetched files inside

FROM python:3.11.13-slim-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
ARG TORCH_BACKEND=cpu
# none, or one of the sets that executors need: slurm, cloud.
ARG EXECUTORS=cloud

WORKDIR /build
COPY envs/uv.lock envs/requirements.lock envs/executors-slurm.lock envs/executors-cloud.lock envs/fix_torchaudio.py envs/
COPY Makefile ./
RUN python -m venv /opt/mythmeter \
 && /opt/mythmeter/bin/python -m pip install --no-cache-dir --require-hashes -r envs/uv.lock
ENV VIRTUAL_ENV=/opt/mythmeter PATH=/opt/mythmeter/bin:$PATH UV_NO_CACHE=1
RUN torch="$(sed -n 's/^TORCH := //p' Makefile)" \
 && uv pip install --torch-backend "$TORCH_BACKEND" "$torch" \
 && uv pip install --no-deps --require-hashes -r envs/requirements.lock \
 && python envs/fix_torchaudio.py \
 && if [ "$EXECUTORS" != none ]; then \
      uv pip install --no-deps --require-hashes -r "envs/executors-$EXECUTORS.lock"; \
    fi
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN uv pip install --no-deps --no-build-isolation .

FROM python:3.11.13-slim-bookworm AS mythmeter
LABEL org.opencontainers.image.title="Mythmeter" \
      org.opencontainers.image.description="Makes a deepfake of a person who agreed to it, labelled and signed, and itemises the bill." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# git: Snakemake asks it which files to send along where no folder is shared. Not pinned: Debian keeps
# only the newest of a release, and a pin would break the build with the next security update.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 1000 mythmeter \
 && install --directory --owner mythmeter /workdir /workflow
COPY --from=build /opt/mythmeter /opt/mythmeter
ENV VIRTUAL_ENV=/opt/mythmeter PATH=/opt/mythmeter/bin:$PATH PYTHONUNBUFFERED=1

USER 1000:1000
WORKDIR /workflow
COPY --chown=mythmeter Snakefile pyproject.toml ./
COPY --chown=mythmeter config config
COPY --chown=mythmeter profiles profiles
COPY --chown=mythmeter reports reports
COPY --chown=mythmeter rules rules
COPY --chown=mythmeter scripts scripts
COPY --chown=mythmeter envs envs
# mount: nothing is fetched here; bring a folder of weights to /workflow/models or
# /workflow/resources/models at run time. fetch: what the built-in example needs lies in the image,
# and a run needs no network.
ARG WEIGHTS=mount
RUN mythmeter keys init \
 && if [ "$WEIGHTS" = fetch ]; then \
      snakemake --cores all --config device=cpu --until fetch_model \
      && rm -rf .snakemake results; \
    fi

# A container that is told nothing runs the built-in example; Snakemake's executors say more.
CMD ["snakemake", "--cores", "all", "--resources", "gpu=1"]
