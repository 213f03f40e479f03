"""What every job used: phases, seconds, memory, energy; and which device it held."""
