#!/usr/bin/env bash
# Debian's packages of Slurm, for `make slurm-test`. Nothing in /etc is configured and no service is used.
set -euo pipefail
packages=(slurm-wlm slurm-wlm-basic-plugins munge slurm-client)

[ "$(id -u)" = 0 ] || { echo "make slurm-test needs root: it makes device nodes and starts Slurm's daemons." >&2; exit 1; }
PATH=$PATH:/usr/sbin
if command -v slurmctld slurmd munged srun sbatch >/dev/null; then exit 0; fi
command -v apt-get >/dev/null || {
  echo "make slurm-test installs Debian's packages (${packages[*]}), and there is no apt-get here. Install Slurm 22.05 or later by hand." >&2
  exit 1
}
export DEBIAN_FRONTEND=noninteractive
# Debian starts a service where it finds an init; the cluster of the tests brings its own daemons.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update -q
apt-get install -q -y --no-install-recommends "${packages[@]}"
