"""What a user holds: this room lines up what the rooms below do, and does nothing else."""
