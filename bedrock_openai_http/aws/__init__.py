"""Where a call goes, as whom, and signed: this room opens no connection of its own."""
