"""Functions that a model may call: this room decides which are run, in what order, and what the model is told."""
