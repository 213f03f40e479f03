#!/bin/sh
# Snakemake's jobstep plugin strips SLURM_CONF, without which srun would look in /etc.
SLURM_CONF=@ROOT@/slurm.conf exec @SRUN@ "$@"
