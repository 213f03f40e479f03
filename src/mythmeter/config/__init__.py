"""The configuration, checked: what a run is asked to do, as plain frozen values.

Light on purpose: Snakemake reads the Snakefile again in every job, so neither pandas nor numpy is
imported here, and the schemas are checked in the main process only.
"""

from mythmeter.config.project import Clip, Person, Project, Render, load_project

__all__ = ["Clip", "Person", "Project", "Render", "load_project"]
