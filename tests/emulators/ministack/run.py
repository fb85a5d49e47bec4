"""MiniStack on loopback, at a port of its own, for one test process; it ends when that process does.

Started as `python run.py FOLDER` with a pipe as standard input that the test process holds open. Writes FOLDER/port once it listens.
Beyond what MiniStack does it is faithful where tests would otherwise prove too much:

 1. an alias with weights splits its invocations, direct ones and those of integrations;
 2. a function's policy without a qualifier does not show the statements of its aliases;
 3. Lambda refuses roles that it cannot assume, reserved or too many variables, missing code, aliases of missing versions;
 4. a function whose last update is still in progress takes no other one;
 5. permissions are asked for on what a request names in its body too, and policies see the condition keys `s3:if-match`, `s3:if-none-match`, `dynamodb:LeadingKeys` and `kms:EncryptionContext:*`;
 6. an API answers whoever calls it, and an alias that has moved calls its new version;
 7. tags of an API or a stage show in it;
 8. an empty text takes away what there was, in IAM and SNS too;
 9. Cloud Control keeps to the schemas of a few types, takes its time, and knows a request by its token.
 10. an alarm keeps its queries, and shows no statistic, period or threshold that it was not given.

What the service models say of a request's shape is checked by the proxy in front, for every service.
"""

import asyncio
import functools
import json
import os
import random
import re
import shutil
import signal
import socket
import sys
import threading

FOLDER = sys.argv[1]


def end_with_the_tests():
    while os.read(0, 4096):
        pass
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


os.setpgid(0, 0)
threading.Thread(target=end_with_the_tests, daemon=True).start()

LISTENER = socket.socket()
LISTENER.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
LISTENER.bind(("127.0.0.1", 0))
LISTENER.listen(1024)
PORT = LISTENER.getsockname()[1]
os.environ.update(BIND_HOST="127.0.0.1", MINISTACK_HOST="localhost", GATEWAY_PORT=str(PORT))

import ministack.app as ministack  # noqa: E402
from hypercorn.asyncio import serve  # noqa: E402
from hypercorn.config import Config  # noqa: E402
from ministack.core import iam_actions  # noqa: E402
from ministack.core.responses import (  # noqa: E402
    AccountRegionScopedDict, AccountScopedDict, get_account_id, get_region,
)
from ministack.services import (  # noqa: E402
    apigateway, cloudcontrol as control, cloudwatch, dynamodb, iam, lambda_svc as functions, sns,
)


# 1. Weights.

def version_by_weight(function, alias):
    """The version that an alias sends this invocation to, when it is not the main one."""
    found = ((function or {}).get("aliases") or {}).get(alias) or {}
    weights = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    chance = random.random()
    for version, weight in weights.items():
        if chance < float(weight):
            return version
        chance -= float(weight)
    return None


def function_named(name):
    return functions._functions[name] if name in functions._functions else None


plain_invoke = functions._invoke


async def invoke(name, event, headers, path_qualifier=None, query_params=None):
    alias = path_qualifier or functions._qp_first(query_params or {}, "Qualifier")
    version = version_by_weight(function_named(name), alias) if alias else None
    return await plain_invoke(name, event, headers, version or path_qualifier, query_params)


functions._invoke = invoke
plain_lookup = functions._get_func_record_for_ref


def by_weight(reference):
    match = re.match(r"^(.*:function:([^:]+)):([^:]+)$", reference or "")
    version = version_by_weight(function_named(match.group(2)), match.group(3)) if match else None
    return f"{match.group(1)}:{version}" if version else reference


functions._get_func_record_for_ref = lambda reference, *rest, **more: plain_lookup(by_weight(reference), *rest, **more)


# 2. Policies by qualifier.

plain_policy = functions._get_policy


def get_policy(name, query_params=None, path_qualifier=None):
    answer = plain_policy(name, query_params, path_qualifier)
    if answer[0] != 200 or functions._qualifier_from_path_or_query(path_qualifier, query_params):
        return answer
    body = json.loads(answer[2])
    policy = json.loads(body["Policy"])
    own = functions._func_arn(name)
    policy["Statement"] = [statement for statement in policy["Statement"] if statement.get("Resource") == own]
    if not policy["Statement"]:
        return refuse("ResourceNotFoundException", "The resource you requested does not exist.", 404)
    body["Policy"] = json.dumps(policy)
    return answer[0], answer[1], json.dumps(body).encode()


functions._get_policy = get_policy


# 3. and 4. What Lambda refuses.

refuse = functions.error_response_json
RESERVED = {
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
}


def refused_variables(data):
    variables = (data.get("Environment") or {}).get("Variables") or {}
    reserved = sorted(RESERVED & set(variables))
    if reserved:
        return refuse("InvalidParameterValueException", "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: " + ", ".join(reserved), 400)
    if sum(len(str(name)) + len(str(value)) for name, value in variables.items()) > 4096:
        return refuse("InvalidParameterValueException", "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.", 400)
    return None


def refused_role(data):
    if not data.get("Role"):
        return None
    role = iam._roles.get(data["Role"].rsplit("/", 1)[-1])
    trust = json.dumps((role or {}).get("AssumeRolePolicyDocument", ""))
    if role is None or "lambda.amazonaws.com" not in trust:
        return refuse("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.", 400)
    return None


def refused_code(operation, data):
    code = data.get("Code") if operation == "CreateFunction" else data
    if operation == "CreateFunction" and not (code or {}).keys() & {"ZipFile", "S3Bucket", "ImageUri"}:
        return refuse("InvalidParameterValueException", "Please provide a source for function code.", 400)
    if not (code or {}).get("S3Key"):
        return None
    if functions._fetch_code_from_s3(code["S3Bucket"], code["S3Key"], version_id=code.get("S3ObjectVersion")) is None:
        return refuse("InvalidParameterValueException", "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.", 400)
    return None


def refused_update(operation, name):
    function = function_named(name)
    if operation == "CreateFunction" or not function or function["config"].get("LastUpdateStatus") != "InProgress":
        return None
    return refuse("ResourceConflictException", f"The operation cannot be performed at this time. An update is in progress for resource: {functions._func_arn(name)}", 409)


def strict(operation, plain):
    def checked(*given, **named):
        data = next((value for value in given if isinstance(value, dict)), {})
        name = next((value for value in given if isinstance(value, str)), None)
        refusal = refused_variables(data) or refused_role(data) or refused_update(operation, name)
        if operation in ("CreateFunction", "UpdateFunctionCode"):
            refusal = refusal or refused_code(operation, data)
        return refusal or plain(*given, **named)

    return checked


for operation, place in (("CreateFunction", "_create_function"), ("UpdateFunctionConfiguration", "_update_config"),
                         ("UpdateFunctionCode", "_update_code"), ("PublishVersion", "_publish_version")):
    setattr(functions, place, strict(operation, getattr(functions, place)))


def missing_version(name, data):
    function = function_named(name)
    weights = (data.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    wanted = [data.get("FunctionVersion"), *weights]
    known = {"$LATEST", None, *map(str, (function or {}).get("versions") or {})}
    missing = [version for version in wanted if version not in known]
    if not function or not missing:
        return None
    return refuse("ResourceNotFoundException", f"Function not found: {functions._func_arn(name)}:{missing[0]}", 404)


plain_create_alias, plain_update_alias = functions._create_alias, functions._update_alias
functions._create_alias = lambda name, data: missing_version(name, data) or plain_create_alias(name, data)


# 5. Permissions, what they are on, and condition keys, by the names and the meaning that the service authorization reference gives them.

plain_s3_context = iam_actions.s3_service_context
plain_dynamodb_context = iam_actions.dynamodb_service_context
plain_tag_context = iam_actions.request_tag_context


def s3_context(action, query, path="", headers=None):
    context = plain_s3_context(action, query, path, headers)
    conditions = ("if-match", "if-none-match") if action in ("s3:PutObject", "s3:DeleteObject") else ()
    found = {f"s3:{name}": (headers or {}).get(name) for name in conditions}
    return {**context, **{name: value for name, value in found.items() if value}}


def parsed(body):
    try:
        data = json.loads(body or b"{}")
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def dynamodb_context(body):
    context, data = plain_dynamodb_context(body), parsed(body)
    name, given = data.get("TableName"), data.get("Key") or data.get("Item")
    if not given or name not in dynamodb._tables:
        return context
    schema = dynamodb._tables[name].get("KeySchema", [])
    hashed = [part["AttributeName"] for part in schema if part["KeyType"] == "HASH"]
    leading = [next(iter(given[part].values())) for part in hashed if part in given]
    return {**context, "dynamodb:LeadingKeys": leading}


def tag_context(service, action, body, parameters):
    context = plain_tag_context(service, action, body, parameters)
    bound = parsed(body).get("EncryptionContext") or {} if service == "kms" else {}
    return {**context, **{f"kms:EncryptionContext:{name}": value for name, value in bound.items()}}


plain_resource = iam_actions.extract_resource_arn


def resource(service, method, path, headers, body, parameters, region, account):
    """What a request acts on, also where its name is in the body."""
    found = plain_resource(service, method, path, headers, body, parameters, region, account)
    data = parsed(body) if found == "*" else {}
    if service == "dynamodb":
        return data.get("ResourceArn") or found
    if service == "lambda" and data.get("FunctionName"):
        return f"arn:aws:lambda:{region}:{account}:function:{data['FunctionName']}"
    return found


plain_action = iam_actions.extract_iam_action


def action(service, method, path, headers, body, parameters):
    """The permission that a request needs: one alias is read, changed and deleted with permissions of its own."""
    named = service == "lambda" and re.search(r"/functions/[^/]+/aliases/[^/]+$", path)
    calls = {"GET": "lambda:GetAlias", "PUT": "lambda:UpdateAlias", "DELETE": "lambda:DeleteAlias"}
    return calls[method] if named and method in calls else plain_action(service, method, path, headers, body, parameters)


iam_actions.extract_iam_action = action
iam_actions.extract_resource_arn = resource
iam_actions.s3_service_context = s3_context
iam_actions.dynamodb_service_context = dynamodb_context
iam_actions.request_tag_context = tag_context


# 6. Who may call, and what is called.

def api_scope(api_id):
    return next(((account, region) for (account, region, stored), _ in apigateway._apis.all_items() if stored == api_id), None)


def moved(name, alias, data):
    answer = missing_version(name, data) or plain_update_alias(name, alias, data)
    # A worker is kept by the alias that it was started for.
    functions.invalidate_worker(name, qualifier=alias, account=get_account_id(), region=get_region())
    return answer


apigateway.find_api_scope = api_scope
functions._update_alias = moved


# 7. Tags.

def showing_tags(plain):
    def changed(arn, change):
        answer = plain(arn, change)
        kind, api, *stage = arn.split("::/", 1)[-1].split("/")
        thing = apigateway._stages.get(api, {}).get(stage[1]) if stage[:1] == ["stages"] else apigateway._apis.get(api)
        if thing is not None and answer[0] < 300:
            thing["tags"] = dict(apigateway._tag_store(arn).get(arn, {}))
        return answer

    return changed


apigateway._tag_resource = showing_tags(apigateway._tag_resource)
apigateway._untag_resource = showing_tags(apigateway._untag_resource)


# 8. Empty texts.

for module in (iam, sns):
    module.parse_qs = functools.partial(module.parse_qs, keep_blank_values=True)


# 9. Cloud Control by the schemas of a few types.

# What identifies one, what the cloud decides, what is fixed, and what is never shown.
TYPES = {
    "AWS::RDS::DBInstance": ("DBInstanceIdentifier", {"DBInstanceArn", "Endpoint"},
                             {"DBInstanceIdentifier", "MasterUsername"}, {"MasterUserPassword"}),
    "AWS::EC2::SecurityGroup": ("Id", {"Id", "GroupId"}, {"GroupDescription", "GroupName", "VpcId"}, set()),
    "AWS::EC2::VPC": ("VpcId", {"VpcId", "DefaultSecurityGroup", "CidrBlockAssociations"}, {"CidrBlock"}, set()),
    "AWS::EC2::Subnet": ("SubnetId", {"SubnetId"}, {"CidrBlock", "VpcId", "AvailabilityZone"}, set()),
}
control._tokens = AccountRegionScopedDict()
plain_create, plain_get, plain_status = control._create_resource, control._get_resource, control._get_resource_request_status
plain_update = control._update_resource


def decided(name, properties):
    """What the cloud adds to a resource that is made."""
    made = "%017x" % random.getrandbits(68)
    if name == "AWS::RDS::DBInstance":
        called = properties.setdefault("DBInstanceIdentifier", "db-" + made)
        properties.setdefault("StorageType", "gp3")
        return {"DBInstanceArn": f"arn:aws:rds:us-east-1:{get_account_id()}:db:{called}",
                "Endpoint": {"Address": f"{called}.rds.amazonaws.com", "Port": "5432"}}
    if name == "AWS::EC2::SecurityGroup":
        properties.setdefault("VpcId", "vpc-00000000000000001")
        properties.setdefault("SecurityGroupEgress", [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0", "FromPort": -1, "ToPort": -1}])
        return {"Id": "sg-" + made, "GroupId": "sg-" + made}
    if name == "AWS::EC2::VPC":
        return {"VpcId": "vpc-" + made, "DefaultSecurityGroup": "sg-" + made, "CidrBlockAssociations": ["vpc-cidr-assoc-" + made]}
    return {"SubnetId": "subnet-" + made}


def ended(event):
    """The event while it is carried out; asked again, it has ended."""
    control._record_request({**event, "_asked": 0})
    return control.json_response({"ProgressEvent": {**shown_event(event, "IN_PROGRESS")}})


def shown_event(event, status):
    hidden = ("_asked",) if status == event["OperationStatus"] else ("_asked", "ErrorCode", "StatusMessage", "ResourceModel")
    return {**{name: value for name, value in event.items() if name not in hidden}, "OperationStatus": status}


def create_resource(data):
    name, token = data.get("TypeName"), data.get("ClientToken")
    if token in control._tokens:
        return plain_status({"RequestToken": control._tokens[token]})
    if name not in TYPES:
        return plain_create(data)
    identifier, own, _, _ = TYPES[name]
    properties = json.loads(data["DesiredState"])
    wrong = sorted(own & set(properties))
    event = control._progress_event("CREATE", "SUCCESS", type_name=name)
    if wrong:
        event.update(OperationStatus="FAILED", ErrorCode="InvalidRequest", StatusMessage=f"extraneous key [{wrong[0]}] is not permitted")
    else:
        properties.update(decided(name, properties))
        key = control._resource_key(name, properties[identifier])
        if key in control._resources:
            event.update(OperationStatus="FAILED", ErrorCode="AlreadyExists", StatusMessage=f"{properties[identifier]} already exists")
        else:
            control._resources[key] = {"TypeName": name, "Identifier": properties[identifier], "Properties": json.dumps(properties)}
            event["Identifier"] = properties[identifier]
    control._tokens[token] = event["RequestToken"]
    return ended(event)


def get_resource(data):
    answer = plain_get(data)
    hidden = TYPES.get(data.get("TypeName"), (None, set(), set(), set()))[3]
    if answer[0] != 200 or not hidden:
        return answer
    body = json.loads(answer[2])
    properties = json.loads(body["ResourceDescription"]["Properties"])
    body["ResourceDescription"]["Properties"] = json.dumps({name: it for name, it in properties.items() if name not in hidden})
    return control.json_response(body)


def update_resource(data):
    name = data.get("TypeName")
    fixed = TYPES.get(name, (None, set(), set(), set()))[2]
    touched = {step["path"].split("/")[1] for step in json.loads(data["PatchDocument"])}
    if touched & fixed:
        event = control._progress_event("UPDATE", "FAILED", type_name=name, identifier=data.get("Identifier"), error_code="NotUpdatable",
                                        status_message=f"{sorted(touched & fixed)[0]} cannot be updated")
        return ended(event)
    answer = plain_update(data)
    return ended(json.loads(answer[2])["ProgressEvent"]) if answer[0] == 200 and name in TYPES else answer


def request_status(data):
    event = control._requests.get(data.get("RequestToken"))
    if event is None or "_asked" not in event:
        return plain_status(data)
    status = event["OperationStatus"] if event["_asked"] else "IN_PROGRESS"
    event["_asked"] += 1
    return control.json_response({"ProgressEvent": shown_event(event, status)})


def list_resources(data):
    """Only what identifies them, as for most types."""
    names = [it for it in control._resources.values() if it["TypeName"] == data.get("TypeName")]
    identifier = TYPES.get(data.get("TypeName"), ("Id",))[0]
    listed = [{"Identifier": it["Identifier"], "Properties": json.dumps({identifier: it["Identifier"]})} for it in names]
    return control.json_response({"TypeName": data.get("TypeName"), "ResourceDescriptions": listed})


control._create_resource, control._get_resource, control._update_resource = create_resource, get_resource, update_resource
control._get_resource_request_status, control._list_resources = request_status, list_resources


# 10. Alarms on expressions.

plain_alarm = cloudwatch._put_metric_alarm


def put_metric_alarm(params, data, is_cbor, is_json=False):
    answer = plain_alarm(params, data, is_cbor, is_json)
    alarm = cloudwatch._alarms.get(data.get("AlarmName")) if is_cbor or is_json else None
    if alarm is not None and answer[0] == 200:
        for member in ("Metrics", "ThresholdMetricId", "EvaluateLowSampleCountPercentile"):
            if data.get(member):
                alarm[member] = data[member]
        for member in ("Statistic", "Period", "Threshold"):
            if member not in data:
                del alarm[member]
    return answer


cloudwatch._put_metric_alarm = put_metric_alarm


# What the tests ask for beside the cloud's own interfaces.

def forget(account):
    """Everything of one account; the others are of other tests."""
    for name, module in list(sys.modules.items()):
        for store in vars(module).values() if name.startswith("ministack.services.") else ():
            if isinstance(store, (AccountScopedDict, AccountRegionScopedDict)):
                for key in [key for key in list(store._data) if key[0] == account]:
                    store._data.pop(key, None)


async def app(scope, receive, send):
    path = scope.get("path", "")
    if scope["type"] != "http" or not path.startswith("/_siac/forget/"):
        return await ministack.app(scope, receive, send)
    forget(path.rsplit("/", 1)[-1])
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


config = Config()
config.bind = [f"fd://{LISTENER.fileno()}"]
config.keep_alive_timeout = 75
config.loglevel = "WARNING"
with open(os.path.join(FOLDER, "port.part"), "w") as file:
    file.write(str(PORT))
os.rename(os.path.join(FOLDER, "port.part"), os.path.join(FOLDER, "port"))
asyncio.run(serve(app, config))
