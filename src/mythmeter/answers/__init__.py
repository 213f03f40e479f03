"""The six questions, answered from the tables and verdicts of a run; imports no stage."""
