"""Unpacks the service models that come with botocore, for the check of requests: `python models.py FOLDER`."""

import gzip
import pathlib
import sys

import botocore

SERVICES = (
    "acm apigatewaymanagementapi apigatewayv2 application-autoscaling cloudcontrol cloudwatch dynamodb events iam kms "
    "lambda logs route53 s3 scheduler secretsmanager sns sqs ssm sts"
)

data = pathlib.Path(botocore.__file__).parent / "data"
folder = pathlib.Path(sys.argv[1])
folder.mkdir(exist_ok=True)
for service in SERVICES.split():
    newest = sorted(version for version in (data / service).iterdir() if version.is_dir())[-1]
    (folder / f"{service}.json").write_bytes(gzip.decompress((newest / "service-2.json.gz").read_bytes()))
