"""The transport for event loops, over aiohttp: the counterpart of the modules beside this room."""
