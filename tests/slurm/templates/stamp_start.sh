#!/bin/sh
echo "start|$(date +%s.%N)|$SLURMD_NODENAME|$SLURM_JOB_ID|$SLURM_JOB_GPUS|$CUDA_VISIBLE_DEVICES" >> @ROOT@/log/stamps
