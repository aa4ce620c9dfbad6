"""The inside of the stand-in: this room shares no code with what makes, signs and reads a call, so no mistake either."""
