"""What may be sent, and what is wrong with what may not: this room sends nothing."""
