"""The command `doctor`: this room only looks, mends nothing, and shows no secret; `command` begins."""
