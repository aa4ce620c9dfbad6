"""The inside of the stand-in: this room shares no code, and so no mistake, with what makes and reads a call."""
