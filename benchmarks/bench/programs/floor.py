"""The least that calls the API with a signature: no checks, no retries, no types. `python floor.py URL`."""

import json
import os
import sys

import this_machine  # noqa: F401
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from requests import PreparedRequest
from requests.adapters import HTTPAdapter

variables = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

url = sys.argv[1] + "/openai/v1/chat/completions"
body = json.dumps({"model": "openai.gpt-oss-20b-1:0", "messages": [{"role": "user", "content": "Hello!"}]}).encode()
signed = AWSRequest("POST", url, headers={"Content-Type": "application/json"}, data=body)
credentials = ReadOnlyCredentials(*(os.environ[name] for name in variables))
SigV4Auth(credentials, "bedrock", "us-west-2").add_auth(signed)
request = PreparedRequest()
request.method, request.url, request.body = "POST", url, body
request.headers = {**dict(signed.headers), "Content-Length": str(len(body))}
response = HTTPAdapter().send(request, timeout=60)
response.raise_for_status()
print(json.loads(response.content)["choices"][0]["message"]["content"], flush=True)
