//! Resource providers: a subscription uses a service only after it has been registered for it.

use serde_json::Value as Json;
use siac_core::ports::Fault;
use tokio::time::sleep;

use crate::arm::{Failure, Method, Request, child};
use crate::kind::Account;

/// The api-version of providers.
const API: &str = "2022-09-01";

/// How often a registration is looked at: for two minutes at the usual pace. A choice of this project.
const LOOKS: u32 = 60;

/// Whether a write was refused because its provider is not registered.
pub fn is_missing(failure: &Failure) -> bool {
    failure.is(&["MissingSubscriptionRegistration", "SubscriptionNotRegistered"])
}

/// Registers the provider of a type, and waits until it is.
///
/// # Errors
/// When that is refused, or takes too long.
pub async fn register(azure: &Account, ty: &str) -> Result<(), Fault> {
    let namespace = ty.split('/').next().unwrap_or_default();
    let provider = format!("/subscriptions/{}/providers/{namespace}", azure.subscription);
    azure.arm.send(&Request::on(Method::POST, format!("{provider}/register?api-version={API}"))).await?;
    for _ in 0..LOOKS {
        let answer = azure.arm.send(&Request::on(Method::GET, format!("{provider}?api-version={API}"))).await?;
        if child(&answer.body, "registrationState").and_then(Json::as_str) == Some("Registered") {
            return Ok(());
        }
        sleep(azure.arm.pace().poll).await;
    }
    Err(Fault::transient(format!("the resource provider {namespace} is still being registered")))
}
