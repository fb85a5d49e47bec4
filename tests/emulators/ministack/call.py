"""Calls an account: `python call.py ENDPOINT ACCESS_KEY SECRET REGION CALLS`, CALLS being JSON: [[service, call, arguments], …].

Prints the answers as a JSON list. Fails when a call fails.
"""

import json
import sys

import botocore.session
from botocore.config import Config

endpoint, access_key, secret, region, calls = sys.argv[1:]
session = botocore.session.get_session()
config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
answers = []
for service, call, arguments in json.loads(calls):
    client = session.create_client(service, region_name=region, endpoint_url=endpoint, aws_access_key_id=access_key,
                                   aws_secret_access_key=secret, config=config)
    answer = getattr(client, call)(**arguments)
    answer.pop("ResponseMetadata", None)
    answers.append(answer)
print(json.dumps(answers, default=str))
