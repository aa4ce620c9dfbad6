"""The floor without botocore's credentials, which few people would think of. `python floor_lean.py URL`."""

import json
import os
import sys
from collections import namedtuple

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

# All that the signer asks of credentials. To import `botocore.credentials` costs more than to sign.
Credentials = namedtuple("Credentials", "access_key secret_key token")
variables = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

url = sys.argv[1] + "/openai/v1/chat/completions"
body = json.dumps({"model": "openai.gpt-oss-20b-1:0", "messages": [{"role": "user", "content": "Hello!"}]})
signed = AWSRequest("POST", url, headers={"Content-Type": "application/json"}, data=body)
SigV4Auth(Credentials(*(os.environ[name] for name in variables)), "bedrock", "us-west-2").add_auth(signed)
response = requests.Session().post(url, data=body, headers=dict(signed.headers), timeout=60)
response.raise_for_status()
print(json.loads(response.content)["choices"][0]["message"]["content"], flush=True)
