"""Every decision of a call and none of its I/O: this room has no socket, no sleep, no clock or random of its own."""
