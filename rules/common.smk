"""What the rules share: functions, a file a topic. Snakemake's lint wants rules and functions apart."""

from mythmeter.code_version import code_version


include: "common/models.smk"
include: "common/people.smk"
include: "common/clips.smk"
include: "common/swap.smk"
include: "common/lips.smk"
include: "common/voice.smk"
include: "common/credits.smk"
include: "common/demand.smk"
include: "common/quality.smk"
include: "common/profile.smk"
include: "common/experiments.smk"
