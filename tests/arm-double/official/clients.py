"""Microsoft's own management clients, with their own pollers, against the double: what they do not accept, the double gets wrong.

clients.py ENDPOINT SUBSCRIPTION TOKEN
"""

import sys
import traceback

from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.appconfiguration import AppConfigurationManagementClient
from azure.mgmt.applicationinsights import ApplicationInsightsManagementClient
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.cdn import CdnManagementClient
from azure.mgmt.cosmosdb import CosmosDBManagementClient
from azure.mgmt.eventgrid import EventGridManagementClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.loganalytics import LogAnalyticsManagementClient
from azure.mgmt.monitor import MonitorManagementClient
from azure.mgmt.msi import ManagedServiceIdentityClient
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.servicebus import ServiceBusManagementClient
from azure.mgmt.signalr import SignalRManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.web import WebSiteManagementClient
from azure.mgmt.webpubsub import WebPubSubManagementClient

ENDPOINT, SUBSCRIPTION, TOKEN = sys.argv[1:]
TENANT = "11111111-1111-1111-1111-111111111111"
GROUP = "official"


class Static:
    def __init__(self, token):
        self.token = token

    def get_token(self, *scopes, **kwargs):
        return AccessToken(self.token, 4102444800)

    def get_token_info(self, *scopes, **kwargs):
        return AccessTokenInfo(self.token, 4102444800)


class Bearer(SansIOHTTPPolicy):
    """The clients' own policy sends no token without TLS."""

    def __init__(self, token):
        self.token = token

    def on_request(self, request):
        request.http_request.headers["Authorization"] = f"Bearer {self.token}"


def client(kind, token=TOKEN, retries=0):
    return kind(
        Static(token), SUBSCRIPTION, base_url=ENDPOINT, polling_interval=0, authentication_policy=Bearer(token),
        credential_scopes=["https://management.azure.com/.default"], retry_total=retries,
    )


CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def refused(call, kind, code, status=None):
    try:
        answer = call()
        if hasattr(answer, "result"):
            answer.result()
    except kind as error:
        told = getattr(getattr(error, "error", None), "code", None)
        assert code in (told or str(error)), f"{code} was expected: {error}"
        assert status in (None, error.status_code), f"{status} was expected: {error.status_code}"
    else:
        raise AssertionError(f"{code} was expected, and the call succeeded")


@check
def groups():
    groups = client(ResourceManagementClient).resource_groups
    made = groups.create_or_update(GROUP, {"location": "westeurope", "tags": {"a": "1"}})
    assert made.properties.provisioning_state == "Succeeded" and made.tags == {"a": "1"}
    assert groups.check_existence(GROUP) and not groups.check_existence("missing")
    assert groups.update(GROUP, {"tags": {"a": "2"}}).tags == {"a": "2"}
    assert GROUP in [group.name for group in groups.list()]
    refused(lambda: groups.get("missing"), ResourceNotFoundError, "ResourceGroupNotFound", 404)
    refused(lambda: groups.create_or_update(GROUP, {"location": "eastus"}), HttpResponseError, "InvalidResourceGroupLocation", 409)


@check
def authentication():
    groups = client(ResourceManagementClient, token="expired").resource_groups
    refused(lambda: groups.get(GROUP), ClientAuthenticationError, "ExpiredAuthenticationToken", 401)


@check
def throttling():
    """Twice this group is answered with 429: once to a client that gives up, once to one that waits as long as it is asked to."""
    try:
        client(ResourceManagementClient).resource_groups.get("throttled")
    except HttpResponseError as error:
        assert error.status_code == 429 and error.response.headers["Retry-After"] == "1", error
    else:
        raise AssertionError("429 was expected, and the call succeeded")
    patient = client(ResourceManagementClient, retries=1).resource_groups
    refused(lambda: patient.get("throttled"), ResourceNotFoundError, "ResourceGroupNotFound", 404)


@check
def versions():
    resources = client(ResourceManagementClient).resources
    id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Storage/storageAccounts/none"
    refused(lambda: resources.get_by_id(id, api_version="1999-01-01"), HttpResponseError, "NoRegisteredProviderFound", 400)
    refused(lambda: resources.get_by_id(id, api_version="2024-01-01"), ResourceNotFoundError, "ResourceNotFound", 404)


@check
def any_resource():
    resources = client(ResourceManagementClient).resources
    id = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Network/virtualNetworks/net"
    body = {"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    made = resources.begin_create_or_update_by_id(id, body, api_version="2024-05-01").result()
    assert made.properties["provisioningState"] == "Succeeded", made.properties
    assert resources.get_by_id(id, api_version="2024-05-01").name == "net"
    resources.begin_delete_by_id(id, api_version="2024-05-01").result()
    refused(lambda: resources.get_by_id(id, api_version="2024-05-01"), ResourceNotFoundError, "ResourceNotFound", 404)


@check
def storage():
    storage = client(StorageManagementClient)
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    assert storage.storage_accounts.check_name_availability({"name": "officialdata", "type": "Microsoft.Storage/storageAccounts"}).name_available
    made = storage.storage_accounts.begin_create(GROUP, "officialdata", body).result()
    assert made.provisioning_state == "Succeeded" and made.primary_endpoints.blob == "https://officialdata.blob.core.windows.net/"
    assert len(storage.storage_accounts.list_keys(GROUP, "officialdata").keys_property) == 2
    assert not storage.storage_accounts.check_name_availability({"name": "officialdata", "type": "Microsoft.Storage/storageAccounts"}).name_available
    container = storage.blob_containers.create(GROUP, "officialdata", "box", {})
    assert container.name == "box"
    assert [item.name for item in storage.blob_containers.list(GROUP, "officialdata")] == ["box"]
    storage.blob_containers.delete(GROUP, "officialdata", "box")
    refused(lambda: storage.storage_accounts.begin_create(GROUP, "NO", body), HttpResponseError, "InvalidResourceName", 400)
    refused(lambda: storage.storage_accounts.begin_create("missing", "officialmore", body), ResourceNotFoundError, "ResourceGroupNotFound", 404)
    refused(lambda: storage.blob_containers.create(GROUP, "nothere", "box", {}), ResourceNotFoundError, "ParentResourceNotFound", 404)
    storage.storage_accounts.delete(GROUP, "officialdata")


@check
def web():
    web = client(WebSiteManagementClient)
    plan = {"location": "westeurope", "kind": "functionapp", "sku": {"name": "FC1", "tier": "FlexConsumption"}, "properties": {"reserved": True}}
    made = web.app_service_plans.begin_create_or_update(GROUP, "flex", plan).result()
    assert web.app_service_plans.get(GROUP, "flex").location == "West Europe" and made.reserved
    site = {"location": "westeurope", "kind": "functionapp,linux", "properties": {"serverFarmId": made.id, "siteConfig": {"appSettings": [{"name": "A", "value": "1"}]}}}
    app = web.web_apps.begin_create_or_update(GROUP, "official-app", site).result()
    assert app.default_host_name == "official-app.azurewebsites.net"
    assert web.web_apps.list_application_settings(GROUP, "official-app").properties == {"A": "1"}
    assert web.web_apps.get_configuration(GROUP, "official-app").number_of_workers == 1
    web.web_apps.delete(GROUP, "official-app")
    web.app_service_plans.delete(GROUP, "flex")


@check
def signalr():
    signalr = client(SignalRManagementClient).signal_r
    made = signalr.begin_create_or_update(GROUP, "official-signalr", {"location": "westeurope", "sku": {"name": "Standard_S1", "capacity": 1}}).result()
    assert made.provisioning_state == "Succeeded" and made.host_name
    assert signalr.list_keys(GROUP, "official-signalr").primary_key
    signalr.begin_delete(GROUP, "official-signalr").result()
    refused(lambda: signalr.get(GROUP, "official-signalr"), ResourceNotFoundError, "ResourceNotFound", 404)


@check
def webpubsub():
    webpubsub = client(WebPubSubManagementClient)
    made = webpubsub.web_pub_sub.begin_create_or_update(GROUP, "official-sockets", {"location": "westeurope", "sku": {"name": "Free_F1"}}).result()
    assert made.provisioning_state == "Succeeded" and made.host_name
    handler = {"urlTemplate": "https://example.org/events", "userEventPattern": "*", "systemEvents": ["connect"]}
    hub = webpubsub.web_pub_sub_hubs.begin_create_or_update("chat", GROUP, "official-sockets", {"properties": {"eventHandlers": [handler]}}).result()
    assert hub.properties.event_handlers[0].url_template == handler["urlTemplate"]
    webpubsub.web_pub_sub_hubs.begin_delete("chat", GROUP, "official-sockets").result()
    webpubsub.web_pub_sub.begin_delete(GROUP, "official-sockets").result()


@check
def observability():
    logs = client(LogAnalyticsManagementClient).workspaces
    made = logs.begin_create_or_update(GROUP, "official-logs", {"location": "westeurope", "properties": {"retentionInDays": 30}}).result()
    assert made.customer_id and made.provisioning_state == "Succeeded"
    insights = client(ApplicationInsightsManagementClient).components
    body = {"location": "westeurope", "kind": "web", "properties": {"Application_Type": "web", "WorkspaceResourceId": made.id}}
    assert insights.create_or_update(GROUP, "official-app", body).connection_string
    insights.delete(GROUP, "official-app")
    logs.begin_delete(GROUP, "official-logs").result()


@check
def identities():
    identity = client(ManagedServiceIdentityClient).user_assigned_identities.create_or_update(GROUP, "official-id", {"location": "westeurope"})
    assert identity.principal_id and identity.client_id
    roles = client(AuthorizationManagementClient).role_assignments
    scope = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    role = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
    name = "0f0f0f0f-0000-4000-8000-000000000001"
    body = {"properties": {"roleDefinitionId": role, "principalId": identity.principal_id, "principalType": "ServicePrincipal"}}
    assert roles.create(scope, name, body).name == name
    assert roles.get(scope, name).principal_id == identity.principal_id
    roles.delete(scope, name)


@check
def vaults():
    vaults = client(KeyVaultManagementClient).vaults
    body = {"location": "westeurope", "properties": {"tenantId": TENANT, "sku": {"family": "A", "name": "standard"}, "accessPolicies": []}}
    made = vaults.begin_create_or_update(GROUP, "official-vault", body).result()
    assert made.properties.vault_uri == "https://official-vault.vault.azure.net/"
    vaults.delete(GROUP, "official-vault")
    assert vaults.get_deleted("official-vault", "westeurope").properties.vault_id.lower() == made.id.lower()
    refused(lambda: vaults.begin_create_or_update(GROUP, "official-vault", body), HttpResponseError, "ConflictError", 409)
    vaults.begin_purge_deleted("official-vault", "westeurope").result()
    refused(lambda: vaults.get_deleted("official-vault", "westeurope"), ResourceNotFoundError, "DeletedVaultNotFound", 404)


@check
def slots():
    web = client(WebSiteManagementClient)
    plan = web.app_service_plans.begin_create_or_update(GROUP, "premium", {"location": "westeurope", "kind": "elastic", "sku": {"name": "EP1", "tier": "ElasticPremium"}, "properties": {"reserved": True}}).result()
    site = {"location": "westeurope", "kind": "functionapp,linux", "properties": {"serverFarmId": plan.id, "siteConfig": {"linuxFxVersion": "NODE|22"}}}
    web.web_apps.begin_create_or_update(GROUP, "official-jobs", site).result()
    assert web.web_apps.get_configuration(GROUP, "official-jobs").linux_fx_version == "NODE|22"
    site["properties"]["siteConfig"] = {"webSocketsEnabled": True, "appSettings": [{"name": "A", "value": "1"}]}
    slot = web.web_apps.begin_create_or_update_slot(GROUP, "official-jobs", "next", site).result()
    assert slot.default_host_name == "official-jobs-next.azurewebsites.net"
    assert web.web_apps.list_application_settings_slot(GROUP, "official-jobs", "next").properties == {"A": "1"}
    assert web.web_apps.get_configuration_slot(GROUP, "official-jobs", "next").web_sockets_enabled
    web.web_apps.delete_slot(GROUP, "official-jobs", "next")
    web.web_apps.delete(GROUP, "official-jobs")
    web.app_service_plans.delete(GROUP, "premium")


@check
def messaging():
    bus = client(ServiceBusManagementClient)
    made = bus.namespaces.begin_create_or_update(GROUP, "official-bus", {"location": "westeurope", "sku": {"name": "Standard"}}).result()
    assert made.properties.provisioning_state == "Succeeded" and made.properties.service_bus_endpoint
    assert not bus.namespaces.check_name_availability({"name": "official-bus"}).name_available
    assert bus.namespaces.check_name_availability({"name": "official-bus2"}).name_available
    assert bus.namespaces.list_keys(GROUP, "official-bus", "RootManageSharedAccessKey").primary_connection_string.startswith("Endpoint=sb://official-bus.")
    queue = bus.queues.create_or_update(GROUP, "official-bus", "work", {"properties": {"lockDuration": "PT30S"}})
    assert queue.properties.lock_duration.seconds == 30 and queue.properties.max_delivery_count == 10
    topic = bus.topics.create_or_update(GROUP, "official-bus", "news", {"properties": {}})
    reader = bus.subscriptions.create_or_update(GROUP, "official-bus", topic.name, "reader", {"properties": {}})
    assert reader.name == "reader" and reader.properties.status == "Active"
    bus.subscriptions.delete(GROUP, "official-bus", "news", "reader")
    bus.topics.delete(GROUP, "official-bus", "news")
    bus.queues.delete(GROUP, "official-bus", "work")
    bus.namespaces.begin_delete(GROUP, "official-bus").result()


@check
def events():
    grid = client(EventGridManagementClient)
    topic = grid.topics.begin_create_or_update(GROUP, "official-topic", {"location": "westeurope", "properties": {"inputSchema": "CloudEventSchemaV1_0"}}).result()
    assert topic.endpoint and topic.input_schema == "CloudEventSchemaV1_0"
    assert grid.topics.list_shared_access_keys(GROUP, "official-topic").key1
    body = {"properties": {"destination": {"endpointType": "WebHook", "properties": {"endpointUrl": "https://example.org/?code=1"}}}}
    reader = grid.event_subscriptions.begin_create_or_update(topic.id, "reader", body).result()
    assert reader.destination.endpoint_url is None and reader.retry_policy.max_delivery_attempts == 30
    grid.event_subscriptions.begin_delete(topic.id, "reader").result()
    grid.topics.begin_delete(GROUP, "official-topic").result()


@check
def documents():
    cosmos = client(CosmosDBManagementClient)
    assert not cosmos.database_accounts.check_name_exists("official-docs")
    body = {"location": "westeurope", "kind": "GlobalDocumentDB", "properties": {"databaseAccountOfferType": "Standard", "locations": [{"locationName": "westeurope", "failoverPriority": 0}]}}
    made = cosmos.database_accounts.begin_create_or_update(GROUP, "official-docs", body).result()
    assert made.properties.document_endpoint and cosmos.database_accounts.check_name_exists("official-docs")
    assert cosmos.database_accounts.list_keys(GROUP, "official-docs").primary_master_key
    sql = cosmos.sql_resources
    database = {"properties": {"resource": {"id": "shop"}, "options": {"throughput": 400}}}
    assert sql.begin_create_update_sql_database(GROUP, "official-docs", "shop", database).result().properties.resource.id == "shop"
    assert sql.get_sql_database_throughput(GROUP, "official-docs", "shop").properties.resource.throughput == 400
    more = {"properties": {"resource": {"throughput": 600}}}
    sql.begin_update_sql_database_throughput(GROUP, "official-docs", "shop", more).result()
    assert sql.get_sql_database_throughput(GROUP, "official-docs", "shop").properties.resource.throughput == 600
    container = {"properties": {"resource": {"id": "orders", "partitionKey": {"paths": ["/id"], "kind": "Hash"}}, "options": {}}}
    orders = sql.begin_create_update_sql_container(GROUP, "official-docs", "shop", "orders", container).result()
    assert orders.properties.resource.partition_key.paths == ["/id"]
    sql.begin_delete_sql_container(GROUP, "official-docs", "shop", "orders").result()
    sql.begin_delete_sql_database(GROUP, "official-docs", "shop").result()
    cosmos.database_accounts.begin_delete(GROUP, "official-docs").result()


@check
def settings():
    stores = client(AppConfigurationManagementClient)
    body = {"location": "westeurope", "sku": {"name": "standard"}}
    made = stores.configuration_stores.begin_create(GROUP, "official-store", body).result()
    assert made.endpoint == "https://official-store.azconfig.io"
    assert [key.name for key in stores.configuration_stores.list_keys(GROUP, "official-store")][:2] == ["Primary", "Secondary"]
    pair = stores.key_values.create_or_update(GROUP, "official-store", "app~2Fgreeting$test", {"properties": {"value": "hello"}})
    assert (pair.key, pair.label, pair.value) == ("app/greeting", "test", "hello")
    stores.key_values.begin_delete(GROUP, "official-store", "app~2Fgreeting$test").result()
    stores.configuration_stores.begin_delete(GROUP, "official-store").result()
    assert stores.configuration_stores.get_deleted("westeurope", "official-store").configuration_store_id.lower() == made.id.lower()
    refused(lambda: stores.configuration_stores.begin_create(GROUP, "official-store", body), HttpResponseError, "ConflictError", 409)
    stores.configuration_stores.begin_purge_deleted("westeurope", "official-store").result()
    assert stores.operations.check_name_availability({"name": "official-store", "type": "Microsoft.AppConfiguration/configurationStores"}).name_available


@check
def edges():
    cdn = client(CdnManagementClient)
    front = cdn.profiles.begin_create(GROUP, "official-front", {"location": "Global", "sku": {"name": "Standard_AzureFrontDoor"}}).result()
    assert front.properties.front_door_id
    www = cdn.afd_endpoints.begin_create(GROUP, "official-front", "official-www", {"location": "Global", "properties": {}}).result()
    assert www.properties.host_name
    group = cdn.afd_origin_groups.begin_create(GROUP, "official-front", "apps", {"properties": {"loadBalancingSettings": {"sampleSize": 4}}}).result()
    origin = cdn.afd_origins.begin_create(GROUP, "official-front", "apps", "blue", {"properties": {"hostName": "blue.example.org", "weight": 900}}).result()
    assert origin.properties.weight == 900
    route = cdn.routes.begin_create(GROUP, "official-front", "official-www", "all", {"properties": {"originGroup": {"id": group.id}, "patternsToMatch": ["/*"]}}).result()
    assert route.properties.origin_group.id == group.id
    cdn.routes.begin_delete(GROUP, "official-front", "official-www", "all").result()
    cdn.afd_origins.begin_delete(GROUP, "official-front", "apps", "blue").result()
    cdn.afd_origin_groups.begin_delete(GROUP, "official-front", "apps").result()
    cdn.afd_endpoints.begin_delete(GROUP, "official-front", "official-www").result()
    cdn.profiles.begin_delete(GROUP, "official-front").result()


@check
def alerts():
    monitor = client(MonitorManagementClient)
    mail = {"name": "ann", "emailAddress": "ann@example.org"}
    staff = monitor.action_groups.create_or_update(GROUP, "official-staff", {"location": "global", "properties": {"groupShortName": "staff", "enabled": True, "emailReceivers": [mail]}})
    assert staff.email_receivers[0].email_address == "ann@example.org"
    one = {"criterionType": "StaticThresholdCriterion", "name": "m", "metricName": "ServerLoad", "timeAggregation": "Average", "operator": "GreaterThan", "threshold": 90}
    criteria = {"odata.type": "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria", "allOf": [one]}
    body = {"location": "global", "properties": {"severity": 2, "enabled": True, "scopes": [staff.id], "evaluationFrequency": "PT1M", "windowSize": "PT5M", "criteria": criteria, "actions": [{"actionGroupId": staff.id}]}}
    alert = monitor.metric_alerts.create_or_update(GROUP, "official-alert", body)
    assert alert.criteria.all_of[0].threshold == 90 and alert.window_size.seconds == 300
    monitor.metric_alerts.delete(GROUP, "official-alert")
    monitor.action_groups.delete(GROUP, "official-staff")


@check
def end():
    groups = client(ResourceManagementClient).resource_groups
    groups.begin_delete(GROUP).result()
    assert not groups.check_existence(GROUP)


failed = 0
for function in CHECKS:
    try:
        function()
        print(f"ok {function.__name__}")
    except Exception:
        failed += 1
        print(f"FAILED {function.__name__}\n{traceback.format_exc()}")
sys.exit(1 if failed else 0)
