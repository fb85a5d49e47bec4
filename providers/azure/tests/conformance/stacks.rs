//! The example stacks on Azure: planned, applied, changed, destroyed.

use siac_arm_double::Double;
use siac_core::model::snapshot::Status;

use crate::house::{Goal, House};
use crate::suite::nothing;

/// A stack of the repository with what a test changes in it: its provider and name come from the house, and packages need no network.
fn stack(text: &str) -> String {
    let subscription = format!("default = \"{}\"", Double::SUBSCRIPTION);
    let text = text.replace("[variable.subscription]", &format!("[variable.subscription]\n{subscription}"));
    let text = text.replace("[variable.name]", "[variable.name]\ndefault = \"example123\"");
    let start = text.find("[variable.subscription]").unwrap();
    let text = &text[start..];
    let (before, after) = text.split_once("[provider.azure]").unwrap();
    let (_, after) = after.split_once("\n\n").unwrap();
    let text = format!("{before}{after}");
    let text = text.replace("path         = \"../services/rest-api\"", "path         = \"service\"");
    let text = text.replace("path = \"../services/azure-websocket\"", "path = \"service\"");
    text.replace("build        = \"npm ci --omit=dev\"\n", "")
}

async fn lives(text: &str, from: &str, to: &str) {
    let house = House::new();
    house.write("service/server.js", "");
    let stack = stack(text);
    let report = house.run(Goal::Stack(&stack)).await.unwrap();
    assert_eq!(report.status, Some(Status::Complete), "{:?}", report.failures);
    nothing(house.plan(&stack).await).unwrap();
    let changed = stack.replace(from, to);
    assert_ne!(changed, stack);
    let report = house.run(Goal::Stack(&changed)).await.unwrap();
    assert_eq!(report.status, Some(Status::Complete), "{:?}", report.failures);
    nothing(house.plan(&changed).await).unwrap();
    let report = house.run(Goal::Nothing).await.unwrap();
    assert_eq!((report.status, house.double.left()), (Some(Status::Complete), Vec::new()), "{:?}", report.failures);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_api_lives() {
    lives(include_str!("../../../../stacks/azure-rest-api.toml"), "hello from Azure", "hello again").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_websocket_service_lives() {
    lives(include_str!("../../../../stacks/azure-websocket.toml"), "\"Free_F1\"", "\"Standard_S1\"").await;
}
