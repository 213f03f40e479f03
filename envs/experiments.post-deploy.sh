# Snakemake runs this in the new environment, from the folder of the workflow.
python -m pip install --quiet --no-deps .
