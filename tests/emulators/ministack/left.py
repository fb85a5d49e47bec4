"""Lists what there is in an account, by the cloud's own list calls: `python left.py ENDPOINT ACCOUNT REGION`."""

import sys

import botocore.session
from botocore.config import Config

endpoint, account, region = sys.argv[1:]
session = botocore.session.get_session()
config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=False)


def client(service):
    return session.create_client(service, region_name=region, endpoint_url=endpoint, aws_access_key_id=account,
                                 aws_secret_access_key="test", config=config)


# Service, call, its arguments, the list in the answer, what to call an entry. An entry that is a text names itself.
CALLS = (
    ("lambda", "list_functions", {}, "Functions", "FunctionName"),
    ("lambda", "list_layers", {}, "Layers", "LayerName"),
    ("lambda", "list_event_source_mappings", {}, "EventSourceMappings", "UUID"),
    ("apigatewayv2", "get_apis", {}, "Items", "Name"),
    ("apigatewayv2", "get_domain_names", {}, "Items", "DomainName"),
    ("iam", "list_roles", {}, "Roles", "RoleName"),
    ("iam", "list_policies", {"Scope": "Local"}, "Policies", "PolicyName"),
    ("iam", "list_users", {}, "Users", "UserName"),
    ("logs", "describe_log_groups", {}, "logGroups", "logGroupName"),
    ("cloudwatch", "describe_alarms", {}, "MetricAlarms", "AlarmName"),
    ("cloudwatch", "list_dashboards", {}, "DashboardEntries", "DashboardName"),
    ("sqs", "list_queues", {}, "QueueUrls", None),
    ("sns", "list_topics", {}, "Topics", "TopicArn"),
    ("sns", "list_subscriptions", {}, "Subscriptions", "SubscriptionArn"),
    ("events", "list_event_buses", {}, "EventBuses", "Name"),
    ("events", "list_rules", {}, "Rules", "Name"),
    ("scheduler", "list_schedules", {}, "Schedules", "Name"),
    ("dynamodb", "list_tables", {}, "TableNames", None),
    ("s3", "list_buckets", {}, "Buckets", "Name"),
    ("secretsmanager", "list_secrets", {}, "SecretList", "Name"),
    ("ssm", "describe_parameters", {}, "Parameters", "Name"),
    ("kms", "list_keys", {}, "Keys", "KeyId"),
    ("kms", "list_aliases", {}, "Aliases", "AliasName"),
    ("acm", "list_certificates", {}, "CertificateSummaryList", "CertificateArn"),
    ("route53", "list_hosted_zones", {}, "HostedZones", "Name"),
    ("cloudcontrol", "list_resources", {"TypeName": "AWS::RDS::DBInstance"}, "ResourceDescriptions", "Identifier"),
    ("cloudcontrol", "list_resources", {"TypeName": "AWS::EC2::SecurityGroup"}, "ResourceDescriptions", "Identifier"),
)
clients = {}
lines = []
for service, call, arguments, entries, name in CALLS:
    if service not in clients:
        clients[service] = client(service)
    answer = getattr(clients[service], call)(**arguments)
    for entry in answer.get(entries) or ():
        called = entry[name] if name else entry
        from_the_start = (entries, called) == ("EventBuses", "default") or called.startswith("alias/aws/")
        if service == "kms" and entries == "Keys":
            state = clients["kms"].describe_key(KeyId=called)["KeyMetadata"]
            from_the_start = state["KeyManager"] == "AWS" or state["KeyState"] == "PendingDeletion"
        if not from_the_start:
            lines.append(f"{service} {call.split('_', 1)[1]} {called}")
print("\n".join(sorted(lines)), end="")
