"""The detection challenge that scored 4,200 submissions on rented GPUs, worked out again."""
