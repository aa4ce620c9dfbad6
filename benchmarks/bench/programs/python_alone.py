"""Nothing: what Python itself takes."""

print(flush=True)
