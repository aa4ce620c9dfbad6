"""One call by the OpenAI SDK, with the keys of the environment. `python with_openai.py URL`."""

import sys

import this_machine  # noqa: F401
from openai import BedrockOpenAI

client = BedrockOpenAI(aws_region="us-west-2", base_url=sys.argv[1] + "/openai/v1")
completion = client.chat.completions.create(
    model="openai.gpt-oss-20b-1:0", messages=[{"role": "user", "content": "Hello!"}]
)
print(completion.choices[0].message.content, flush=True)
