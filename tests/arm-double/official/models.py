"""What Microsoft's models know of requests: every name must be one of theirs, every value of their type.

Reads requests from its input, one JSON object a line: `method`, `path`, `body`. Prints whatever the models do not know, and in the end what was looked at.
"""

import enum
import importlib
import json
import sys
import typing

# The module and the models of each type. A body must be known to one of them as a whole: that of writes, or that of what is read, since a change is made
# on what is there.
MODELS = {
    "microsoft.resources/resourcegroups": ("resource.resources", "ResourceGroup"),
    "microsoft.storage/storageaccounts": ("storage", "StorageAccountCreateParameters", "StorageAccount"),
    "microsoft.storage/storageaccounts/blobservices": ("storage", "BlobServiceProperties"),
    "microsoft.storage/storageaccounts/blobservices/containers": ("storage", "BlobContainer"),
    "microsoft.web/serverfarms": ("web", "AppServicePlan"),
    "microsoft.web/sites": ("web", "Site"),
    "microsoft.web/sites/slots": ("web", "Site"),
    "microsoft.web/sites/basicpublishingcredentialspolicies": ("web", "CsmPublishingCredentialsPoliciesEntity"),
    "microsoft.web/sites/slots/basicpublishingcredentialspolicies": ("web", "CsmPublishingCredentialsPoliciesEntity"),
    "microsoft.managedidentity/userassignedidentities": ("msi", "Identity"),
    "microsoft.authorization/roleassignments": ("authorization", "RoleAssignmentCreateParameters", "RoleAssignment"),
    "microsoft.operationalinsights/workspaces": ("loganalytics", "Workspace"),
    "microsoft.insights/components": ("applicationinsights", "ApplicationInsightsComponent"),
    "microsoft.insights/actiongroups": ("monitor", "ActionGroupResource"),
    "microsoft.insights/metricalerts": ("monitor", "MetricAlertResource"),
    "microsoft.signalrservice/webpubsub": ("webpubsub", "WebPubSubResource"),
    "microsoft.signalrservice/webpubsub/hubs": ("webpubsub", "WebPubSubHub"),
    "microsoft.signalrservice/signalr": ("signalr", "SignalRResource"),
    "microsoft.keyvault/vaults": ("keyvault", "VaultCreateOrUpdateParameters", "Vault"),
    "microsoft.keyvault/vaults/secrets": ("keyvault", "SecretCreateOrUpdateParameters", "Secret"),
    "microsoft.servicebus/namespaces": ("servicebus", "SBNamespace"),
    "microsoft.servicebus/namespaces/queues": ("servicebus", "SBQueue"),
    "microsoft.servicebus/namespaces/topics": ("servicebus", "SBTopic"),
    "microsoft.servicebus/namespaces/topics/subscriptions": ("servicebus", "SBSubscription"),
    "microsoft.eventgrid/topics": ("eventgrid", "Topic"),
    "microsoft.eventgrid/topics/eventsubscriptions": ("eventgrid", "EventSubscription"),
    "microsoft.eventgrid/eventsubscriptions": ("eventgrid", "EventSubscription"),
    "microsoft.documentdb/databaseaccounts": ("cosmosdb", "DatabaseAccountCreateUpdateParameters", "DatabaseAccountGetResults"),
    "microsoft.documentdb/databaseaccounts/sqldatabases": ("cosmosdb", "SqlDatabaseCreateUpdateParameters", "SqlDatabaseGetResults"),
    "microsoft.documentdb/databaseaccounts/sqldatabases/containers": ("cosmosdb", "SqlContainerCreateUpdateParameters", "SqlContainerGetResults"),
    "microsoft.documentdb/databaseaccounts/sqldatabases/throughputsettings": ("cosmosdb", "ThroughputSettingsUpdateParameters"),
    "microsoft.documentdb/databaseaccounts/sqldatabases/containers/throughputsettings": ("cosmosdb", "ThroughputSettingsUpdateParameters"),
    "microsoft.appconfiguration/configurationstores": ("appconfiguration", "ConfigurationStore"),
    "microsoft.appconfiguration/configurationstores/keyvalues": ("appconfiguration", "KeyValue"),
    "microsoft.cdn/profiles": ("cdn", "Profile"),
    "microsoft.cdn/profiles/afdendpoints": ("cdn", "AFDEndpoint"),
    "microsoft.cdn/profiles/origingroups": ("cdn", "AFDOriginGroup"),
    "microsoft.cdn/profiles/origingroups/origins": ("cdn", "AFDOrigin"),
    "microsoft.cdn/profiles/afdendpoints/routes": ("cdn", "Route"),
}

PLAIN = {"str": str, "bool": bool, "int": int, "long": int, "float": (int, float), "iso-8601": str, "duration": str, "unix-time": int}


def type_of(path):
    if "/providers/" not in path:
        return "microsoft.resources/resourcegroups"
    namespace, *pairs = path.lower().split("/providers/")[-1].strip("/").split("/")
    return "/".join([namespace, *pairs[::2]])


class Old:
    """Models that name their parts in `_attribute_map`."""

    def __init__(self, module, model):
        self.module, self.model = module, model

    def parts(self, body):
        chosen, subtypes = self.model, vars(self.model).get("_subtype_map", {})
        for key, names in subtypes.items():
            place = self.model._attribute_map[key]["key"].replace("\\.", ".")
            name = names.get(body.get(place)) if isinstance(body, dict) else None
            chosen = getattr(self.module, name) if name else chosen
            if name:
                return Old(self.module, chosen).parts(body)
        tree = {}
        for part in chosen._attribute_map.values():
            *above, last = part["key"].replace("\\.", "\0").split(".")
            place = tree
            for key in above:
                place = place.setdefault(key.replace("\0", "."), {})
            place[last.replace("\0", ".")] = part["type"]
        return tree

    def known(self, ty, value, path):
        if isinstance(ty, dict):
            yield from names(self, ty, value, path)
        elif ty.startswith("["):
            yield from each(self, ty[1:-1], value, path)
        elif ty.startswith("{"):
            yield from entries(self, ty[1:-1], value, path)
        elif ty in PLAIN:
            yield from plain(PLAIN[ty], value, path)
        elif ty != "object" and hasattr(self.module, ty):
            yield from document(Old(self.module, getattr(self.module, ty)), value, path)


class New:
    """Models that name their parts in fields."""

    def __init__(self, module, model):
        self.module, self.model = module, model
        model({})

    def parts(self, body):
        chosen, mapping = self.model, getattr(self.model, "__mapping__", {})
        for value in body.values() if isinstance(body, dict) else ():
            if isinstance(value, str) and value in mapping and mapping[value] is not chosen:
                return New(self.module, mapping[value]).parts(body)
        chosen({})
        scope = {**vars(sys.modules[chosen.__module__]), "_models": self.module}
        hints = typing.get_type_hints(chosen, globalns=scope)
        return {field._rest_name: hints.get(name, typing.Any) for name, field in chosen._attr_to_rest_field.items()}

    def known(self, ty, value, path):
        origin, inner = typing.get_origin(ty), typing.get_args(ty)
        if origin is typing.Union:
            inner = [one for one in inner if one is not type(None)]
            enums = [one for one in inner if isinstance(one, type) and issubclass(one, enum.Enum)]
            if enums and isinstance(value, str):
                said = {str(item.value).lower() for one in enums for item in one}
                if value.lower() not in said:
                    yield f"{path} is {value!r}, which is none of {sorted(said)}"
                return
            ways = [list(self.known(one, value, path)) for one in inner]
            yield from min(ways, key=len)
        elif origin is list:
            yield from each(self, inner[0], value, path)
        elif origin is dict:
            yield from entries(self, inner[1], value, path)
        elif isinstance(ty, type) and hasattr(ty, "_deserialize"):
            yield from document(New(self.module, ty), value, path)
        elif isinstance(ty, type) and ty.__name__ in PLAIN:
            yield from plain(PLAIN[ty.__name__], value, path)


def names(kind, parts, value, path):
    if not isinstance(value, dict):
        yield f"{path} is {value!r} instead of an object"
        return
    spelled = {name.lower(): name for name in parts}
    for name, inner in value.items():
        if name.lower() not in spelled:
            yield f"{path}.{name} is not known"
        elif inner is not None:
            yield from kind.known(parts[spelled[name.lower()]], inner, f"{path}.{name}")


def document(kind, value, path):
    yield from names(kind, kind.parts(value), value, path)


def each(kind, ty, value, path):
    if not isinstance(value, list):
        yield f"{path} is {value!r} instead of a list"
        return
    for index, item in enumerate(value):
        yield from kind.known(ty, item, f"{path}[{index}]")


def entries(kind, ty, value, path):
    if not isinstance(value, dict):
        yield f"{path} is {value!r} instead of an object"
        return
    for key, item in value.items():
        yield from kind.known(ty, item, f"{path}.{key}")


def plain(ty, value, path):
    if not isinstance(value, ty) or isinstance(value, bool) and ty is not bool:
        yield f"{path} is {value!r} instead of a {ty}"


def kinds_of(ty):
    package, *models = MODELS[ty]
    module = importlib.import_module(f"azure.mgmt.{package}.models")
    for name in models:
        model = getattr(module, name)
        yield (Old if hasattr(model, "_attribute_map") else New)(module, model)


looked_at, seen, unknown = 0, set(), set()
for line in sys.stdin:
    request = json.loads(line)
    ty = type_of(request["path"])
    if ty not in MODELS:
        unknown.add(ty)
        continue
    ways = [list(document(kind, request["body"], ty)) for kind in kinds_of(ty)]
    looked_at += 1
    seen.add(ty)
    for problem in min(ways, key=len):
        print(f"{request['method']} {problem}")
for ty in sorted(unknown):
    print("no model of", ty)
print(f"looked at {looked_at} requests about {len(seen)} types")
