"""A detector of the user's."""

from snakemake.exceptions import WorkflowError


def detector_scores():
    """Scores of a detector for the page of answers: the user's own, or by the user's detector."""
    if project.detector_scores is not None:
        return [str(project.detector_scores)]
    return [] if project.detector_model is None else ["<results>/quality/detector.csv"]


def detector_model(wildcards):
    """The user's detector; asked for only where its scores are."""
    if project.detector_model is None:
        raise WorkflowError(
            "score_detector needs a detector: name an ONNX file of yours in answers.detector.model."
        )
    return str(project.detector_model)
