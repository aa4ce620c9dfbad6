"""The import of this library, and nothing else."""

import bedrock_openai_http

print(bedrock_openai_http.__version__, flush=True)
