//! `azure_resource`, with types that no kind is about.

use super::Row;

/// A resource group that needs no kind of its own.
pub const GROUP: &str = r#"
[resource.azure_resource.group]
type = "Microsoft.Resources/resourceGroups@2024-11-01"
name = "rg"
location = "westeurope"
"#;

const IN_GROUP: &str = r#"
[resource.azure_resource.group]
type = "Microsoft.Resources/resourceGroups@2024-11-01"
name = "rg"
location = "westeurope"

[resource.azure_resource.network]
type = "Microsoft.Network/virtualNetworks@2024-05-01"
parent = "${azure_resource.group.id}"
name = "net"
location = "westeurope"
body.properties.addressSpace.addressPrefixes = ["10.0.0.0/16"]
"#;

const GENERIC: Row = Row { around: GROUP, ..Row::of("azure_resource") };

pub const ROWS: &[Row] = &[
    Row {
        name: "Microsoft.Resources/resourceGroups",
        around: "",
        body: "type = \"Microsoft.Resources/resourceGroups@2024-11-01\"\nname = \"mine\"\nlocation = \"westeurope\"\ntags = { a = \"1\" }",
        updated: "type = \"Microsoft.Resources/resourceGroups@2025-04-01\"\nname = \"mine\"\nlocation = \"westeurope\"\ntags = { a = \"2\" }",
        replaced: "type = \"Microsoft.Resources/resourceGroups@2025-04-01\"\nname = \"mine\"\nlocation = \"northeurope\"\ntags = { a = \"2\" }",
        meddling: r#"{ "tags": { "a": "9", "b": "new" } }"#,
        import: "@2025-04-01",
        made_by: "PUT .*/resourceGroups/mine$",
        ..GENERIC
    },
    Row {
        name: "Microsoft.Network/virtualNetworks",
        body: "type = \"Microsoft.Network/virtualNetworks@2024-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"westeurope\"\nbody.properties.addressSpace.addressPrefixes = [\"10.1.0.0/16\"]\nresponse_export_values = { guid = \"properties.resourceGuid\" }",
        updated: "type = \"Microsoft.Network/virtualNetworks@2024-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"westeurope\"\nbody.properties.addressSpace.addressPrefixes = [\"10.1.0.0/16\", \"10.2.0.0/16\"]\nresponse_export_values = { guid = \"properties.resourceGuid\" }",
        replaced: "type = \"Microsoft.Network/virtualNetworks@2024-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"other\"\nlocation = \"westeurope\"\nbody.properties.addressSpace.addressPrefixes = [\"10.1.0.0/16\"]",
        meddling: r#"{ "properties": { "addressSpace": { "addressPrefixes": ["192.168.0.0/16"] } } }"#,
        import: "@2024-05-01",
        made_by: "PUT .*/virtualNetworks/it$",
        ..GENERIC
    },
    Row {
        name: "Microsoft.Network/virtualNetworks/subnets",
        around: IN_GROUP,
        body: "type = \"Microsoft.Network/virtualNetworks/subnets@2024-05-01\"\nparent = \"${azure_resource.network.id}\"\nname = \"it\"\ntaggable = false\nbody.properties.addressPrefix = \"10.0.1.0/24\"",
        updated: "type = \"Microsoft.Network/virtualNetworks/subnets@2024-05-01\"\nparent = \"${azure_resource.network.id}\"\nname = \"it\"\ntaggable = false\nbody.properties.addressPrefix = \"10.0.2.0/24\"",
        replaced: "type = \"Microsoft.Network/virtualNetworks/subnets@2024-05-01\"\nparent = \"${azure_resource.network.id}\"\nname = \"other\"\ntaggable = false\nbody.properties.addressPrefix = \"10.0.2.0/24\"",
        meddling: r#"{ "properties": { "addressPrefix": "10.0.9.0/24" } }"#,
        import: "@2024-05-01",
        made_by: "PUT .*/subnets/it$",
        ..GENERIC
    },
    Row {
        name: "Microsoft.Network/networkSecurityGroups",
        body: "type = \"Microsoft.Network/networkSecurityGroups@2024-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"westeurope\"\nbody.properties.securityRules = []",
        updated: "type = \"Microsoft.Network/networkSecurityGroups@2024-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"westeurope\"\nbody.properties.securityRules = [{ name = \"https\", properties = { priority = 100, access = \"Allow\" } }]",
        replaced: "type = \"Microsoft.Network/networkSecurityGroups@2024-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"northeurope\"\nbody.properties.securityRules = []",
        meddling: r#"{ "properties": { "securityRules": [{ "name": "https", "properties": { "priority": 200, "access": "Allow" } }] } }"#,
        import: "@2024-05-01",
        made_by: "PUT .*/networkSecurityGroups/it$",
        ..GENERIC
    },
    Row {
        name: "Microsoft.Network/publicIPAddresses",
        body: "type = \"Microsoft.Network/publicIPAddresses@2024-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"westeurope\"\nbody = { sku = { name = \"Standard\" }, properties = { publicIPAllocationMethod = \"Static\" } }",
        updated: "type = \"Microsoft.Network/publicIPAddresses@2024-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"westeurope\"\nbody = { sku = { name = \"Standard\" }, properties = { publicIPAllocationMethod = \"Static\", idleTimeoutInMinutes = 10 } }",
        replaced: "type = \"Microsoft.Network/publicIPAddresses@2024-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"other\"\nlocation = \"westeurope\"\nbody = { sku = { name = \"Standard\" }, properties = { publicIPAllocationMethod = \"Static\" } }",
        meddling: r#"{ "properties": { "idleTimeoutInMinutes": 30 } }"#,
        import: "@2024-05-01",
        made_by: "PUT .*/publicIPAddresses/it$",
        ..GENERIC
    },
    Row {
        name: "Microsoft.Network/privateDnsZones",
        body: "type = \"Microsoft.Network/privateDnsZones@2024-06-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it.example\"\nlocation = \"global\"",
        updated: "type = \"Microsoft.Network/privateDnsZones@2024-06-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it.example\"\nlocation = \"global\"\ntags = { team = \"web\" }",
        replaced: "type = \"Microsoft.Network/privateDnsZones@2024-06-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"other.example\"\nlocation = \"global\"",
        meddling: r#"{ "tags": { "team": "others" } }"#,
        import: "@2024-06-01",
        made_by: "PUT .*/privateDnsZones/it.example$",
        ..GENERIC
    },
    Row {
        name: "Microsoft.ContainerRegistry/registries",
        body: "type = \"Microsoft.ContainerRegistry/registries@2023-07-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"images\"\nlocation = \"westeurope\"\nbody.sku.name = \"Basic\"\nupdate_method = \"merge\"",
        updated: "type = \"Microsoft.ContainerRegistry/registries@2023-07-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"images\"\nlocation = \"westeurope\"\nbody = { sku = { name = \"Basic\" }, properties = { adminUserEnabled = true } }\nupdate_method = \"merge\"",
        replaced: "type = \"Microsoft.ContainerRegistry/registries@2023-07-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"pictures\"\nlocation = \"westeurope\"\nbody.sku.name = \"Basic\"\nupdate_method = \"merge\"",
        meddling: r#"{ "properties": { "adminUserEnabled": false } }"#,
        import: "@2023-07-01",
        made_by: "PUT .*/registries/images$",
        ..GENERIC
    },
    Row {
        name: "Microsoft.App/managedEnvironments",
        body: "type = \"Microsoft.App/managedEnvironments@2024-03-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"westeurope\"\nbody.properties.appLogsConfiguration = { destination = \"log-analytics\", logAnalyticsConfiguration = { customerId = \"c\" } }\nsensitive_body.properties.appLogsConfiguration.logAnalyticsConfiguration.sharedKey = \"hunter2\"",
        updated: "type = \"Microsoft.App/managedEnvironments@2024-03-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"westeurope\"\nbody.properties = { zoneRedundant = false, appLogsConfiguration = { destination = \"log-analytics\", logAnalyticsConfiguration = { customerId = \"d\" } } }\nsensitive_body.properties.appLogsConfiguration.logAnalyticsConfiguration.sharedKey = \"hunter3\"",
        replaced: "type = \"Microsoft.App/managedEnvironments@2024-03-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"eastus\"",
        meddling: r#"{ "properties": { "zoneRedundant": true } }"#,
        import: "@2024-03-01",
        made_by: "PUT .*/managedEnvironments/it$",
        ..GENERIC
    },
    Row {
        name: "Microsoft.Compute/availabilitySets",
        body: "type = \"Microsoft.Compute/availabilitySets@2024-07-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"West Europe\"\nbody.properties.platformFaultDomainCount = 2",
        updated: "type = \"Microsoft.Compute/availabilitySets@2024-07-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"westeurope\"\nbody.properties = { platformFaultDomainCount = 2, platformUpdateDomainCount = 3 }\nupdate_method = \"patch\"",
        replaced: "type = \"Microsoft.Compute/availabilitySets@2024-07-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"other\"\nlocation = \"westeurope\"",
        meddling: r#"{ "properties": { "platformUpdateDomainCount": 9 } }"#,
        import: "@2024-07-01",
        made_by: "PUT .*/availabilitySets/it$",
        ..GENERIC
    },
    Row {
        name: "Microsoft.Logic/workflows",
        body: "type = \"Microsoft.Logic/workflows@2019-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"westeurope\"\nbody.properties.definition = { triggers = {}, actions = {} }",
        updated: "type = \"Microsoft.Logic/workflows@2019-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"westeurope\"\nbody.properties = { state = \"Disabled\", definition = { triggers = {}, actions = {} } }",
        replaced: "type = \"Microsoft.Logic/workflows@2019-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"other\"\nlocation = \"westeurope\"\nbody.properties.definition = { triggers = {}, actions = {} }",
        meddling: r#"{ "properties": { "state": "Enabled" } }"#,
        import: "@2019-05-01",
        made_by: "PUT .*/workflows/it$",
        ..GENERIC
    },
    Row {
        name: "Microsoft.Maps/accounts",
        body: "type = \"Microsoft.Maps/accounts@2023-06-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"westeurope\"\nbody = { sku = { name = \"G2\" } }",
        updated: "type = \"Microsoft.Maps/accounts@2023-06-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\nlocation = \"westeurope\"\nbody = { sku = { name = \"G2\" }, properties = { disableLocalAuth = true } }",
        replaced: "type = \"Microsoft.Maps/accounts@2023-06-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"other\"\nlocation = \"westeurope\"\nbody = { sku = { name = \"G2\" } }",
        meddling: r#"{ "properties": { "disableLocalAuth": false } }"#,
        import: "@2023-06-01",
        made_by: "PUT .*/accounts/it$",
        ..GENERIC
    },
    Row {
        name: "Microsoft.Authorization/locks",
        body: "type = \"Microsoft.Authorization/locks@2020-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\ntaggable = false\nbody.properties = { level = \"CanNotDelete\", notes = \"kept\" }",
        updated: "type = \"Microsoft.Authorization/locks@2020-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"it\"\ntaggable = false\nbody.properties = { level = \"ReadOnly\", notes = \"kept\" }",
        replaced: "type = \"Microsoft.Authorization/locks@2020-05-01\"\nparent = \"${azure_resource.group.id}\"\nname = \"other\"\ntaggable = false\nbody.properties = { level = \"CanNotDelete\", notes = \"kept\" }",
        meddling: r#"{ "properties": { "notes": "forgotten" } }"#,
        import: "@2020-05-01",
        made_by: "PUT .*/locks/it$",
        ..GENERIC
    },
];
