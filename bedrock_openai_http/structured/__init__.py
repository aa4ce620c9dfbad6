"""Answers as Python values: this room asks for JSON of one shape, and takes nothing else for an answer."""
