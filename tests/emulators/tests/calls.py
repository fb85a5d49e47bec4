"""Sends requests with botocore, an implementation of the protocols that is not ours: `python calls.py ENDPOINT ACCOUNT CALLS`.

CALLS is JSON: [[service, call, arguments], …]. Prints the error code of each, or `ok`.
"""

import json
import os
import sys

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

endpoint, account, calls = sys.argv[1:]
session = botocore.session.get_session()
config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=False,
                inject_host_prefix=False, read_timeout=30)
for service, call, arguments in json.loads(calls):
    client = session.create_client(service, region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id=account,
                                   aws_secret_access_key=os.environ.get("SIAC_TEST_SECRET", "test"), config=config)
    if "Body" in arguments:
        arguments["Body"] = arguments["Body"].encode()
    try:
        getattr(client, call)(**arguments)
        print("ok")
    except ClientError as error:
        print(error.response["Error"]["Code"])
    except BotoCoreError as error:
        print(type(error).__name__)
