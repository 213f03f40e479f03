"""How many GPUs for how many users: queueing formulas, simulation, the bill, interruptions."""
