"""How good a finished render is: each metric with the control that gives it meaning."""
