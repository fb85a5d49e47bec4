//! Logs and what is seen of applications.

use serde_json::json;
use siac_core::model::schema::Attribute;
use siac_core::model::types::Type;

use crate::typed::{ENABLED, INVERTED, Typed, flag, needed, number, usually};

/// `azure_log_analytics_workspace`.
pub fn log_analytics_workspace() -> Typed {
    Typed::of("Microsoft.OperationalInsights/workspaces@2025-02-01", "a workspace that keeps logs")
        // Source: "Naming rules and restrictions for Azure resources", workspaces.
        .in_group(
            "[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
            "its name: 4 to 63 letters, digits and hyphens, no hyphen at either end",
        )
        .located()
        .tagged()
        .part(usually("sku", "properties.sku.name", "PerGB2018", "how it is paid for").one_of(&[
            "PerGB2018",
            "CapacityReservation",
            "Free",
        ]))
        // Source: "Manage data retention in a Log Analytics workspace": 4 to 730 days, 30 at least by this plan.
        .part(
            number("retention_in_days", "properties.retentionInDays", 7, 730, "how long logs are kept, in days")
                .default_number(30),
        )
        .part(number(
            "daily_quota_gb",
            "properties.workspaceCapping.dailyQuotaGb",
            -1,
            100_000,
            "the most that is taken in a day, in gigabytes; -1 for no limit",
        ))
        .part(
            flag(
                "public_ingestion",
                "properties.publicNetworkAccessForIngestion",
                true,
                "whether logs are taken from outside virtual networks",
            )
            .form(ENABLED),
        )
        .part(
            flag(
                "public_query",
                "properties.publicNetworkAccessForQuery",
                true,
                "whether questions are taken from there",
            )
            .form(ENABLED),
        )
        .part(
            flag(
                "local_auth_enabled",
                "properties.features.disableLocalAuth",
                true,
                "whether keys open it, besides identities",
            )
            .form(INVERTED),
        )
        .shows("workspace_id", "properties.customerId", "the id by which agents and questions name it")
        .keys(
            "sharedKeys",
            "local_auth_enabled",
            &[("primary_shared_key", "primarySharedKey", "the key by which agents send logs")],
        )
        .etags()
        .takes(30)
        .holds_data()
}

/// `azure_application_insights`.
pub fn application_insights() -> Typed {
    let secret = |description| Attribute::computed(Type::String, description).stays().sensitive();
    Typed::of("Microsoft.Insights/components@2020-02-02", "what is measured of an application")
        // Source: "Naming rules and restrictions for Azure resources", components.
        .in_group(
            r"[^%&\\?/]{0,254}[^%&\\?/ .]",
            "its name: up to 255 characters but `% & \\ ? /`, no space or dot at the end",
        )
        .located()
        .tagged()
        .fixed("kind", json!("web"))
        .part(
            usually("application_type", "properties.Application_Type", "web", "what it is")
                .one_of(&["web", "other"])
                .immutable(),
        )
        .part(needed(
            "workspace_id",
            "properties.WorkspaceResourceId",
            "the id of the workspace that keeps what is measured",
        ))
        .part(number(
            "retention_in_days",
            "properties.RetentionInDays",
            30,
            730,
            "how long it is kept, in days; otherwise as the workspace says",
        ))
        .part(
            flag(
                "public_ingestion",
                "properties.publicNetworkAccessForIngestion",
                true,
                "whether measurements are taken from outside virtual networks",
            )
            .form(ENABLED),
        )
        .part(
            flag(
                "public_query",
                "properties.publicNetworkAccessForQuery",
                true,
                "whether questions are taken from there",
            )
            .form(ENABLED),
        )
        .part(
            flag(
                "local_auth_enabled",
                "properties.DisableLocalAuth",
                true,
                "whether the connection string alone lets applications send",
            )
            .form(INVERTED),
        )
        .shows("app_id", "properties.AppId", "the id by which questions name it")
        .shows_as(
            "connection_string",
            "properties.ConnectionString",
            secret("what applications are told, as `APPLICATIONINSIGHTS_CONNECTION_STRING`"),
        )
        .shows_as(
            "instrumentation_key",
            "properties.InstrumentationKey",
            secret("what older libraries are told instead"),
        )
        .takes(8)
}
