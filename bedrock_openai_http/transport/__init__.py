"""Does what `call` asks for over the network: this room decides nothing."""
