"""The training loop of swappers that iterate: steps, schedule, checkpoints, several devices."""
