"""One call of Converse by boto3, with the keys of the environment. `python with_boto3.py URL`."""

import sys

import boto3
import this_machine  # noqa: F401

client = boto3.client("bedrock-runtime", "us-west-2", endpoint_url=sys.argv[1])
answer = client.converse(
    modelId="openai.gpt-oss-20b-1:0", messages=[{"role": "user", "content": [{"text": "Hello!"}]}]
)
print(answer["output"]["message"]["content"][0]["text"], flush=True)
