//! What Microsoft publishes is the measure of the double: its management clients must accept it, and its models must know what siac sends.

use std::path::Path;
use std::process::{Command, Stdio};

use siac_arm_double::{Double, Trouble};

const REQUIREMENTS: &str = include_str!("../official/requirements.txt");
const RECORDED: &str = include_str!("../official/recordings.txt");
const REPLAY: &str = include_str!("../official/replay.py");
const CLIENTS: &str = include_str!("../official/clients.py");

#[test]
fn microsofts_own_clients_accept_the_double() {
    let double = Double::start();
    let throttled = Trouble::on("GET .*/resource[gG]roups/throttled$", 429, "TooManyRequests");
    double.trouble(throttled.times(2).retry_after(1));
    let python = siac_emulators::python_with("azure-mgmt", REQUIREMENTS);
    let output = Command::new(python)
        .args(["-c", CLIENTS, &double.endpoint(), Double::SUBSCRIPTION, Double::TOKEN])
        .stdin(Stdio::null())
        .output()
        .expect("the installed Python starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 20, "{said}");
    assert_eq!(double.left(), Vec::<String>::new());
}

/// The recordings of exchanges with the real ARM that are asked again, each with the archive that it lies in, and how many of its exchanges are about
/// what the double has.
const RECORDINGS: [(&str, &str, usize); 14] = [
    ("azure-mgmt-keyvault-8.0.0", "test_cli_mgmt_keyvault.test_keyvault", 10),
    ("azure-mgmt-resource-15.0.0", "test_mgmt_resource.test_provider_registration", 3),
    ("azure-mgmt-resource-15.0.0", "test_mgmt_resource.test_resource_groups", 11),
    ("azure-mgmt-resource-15.0.0", "test_mgmt_resource.test_resources", 14),
    ("azure-mgmt-resource-15.0.0", "test_mgmt_resource_locks.test_locks_at_resource_group_level", 4),
    ("azure-mgmt-resource-15.0.0", "test_mgmt_resource_locks.test_locks_at_resource_level", 6),
    ("azure-mgmt-resource-15.0.0", "test_mgmt_resource_subscriptions.test_subscriptions", 3),
    ("azure-mgmt-signalr-0.4.0", "test_cli_mgmt_signalr.test_signalr", 13),
    ("azure-mgmt-storage-16.0.0", "test_cli_mgmt_storage.test_storage", 26),
    ("azure-mgmt-storage-16.0.0", "test_cli_mgmt_storage_async.test_storage", 30),
    ("azure-mgmt-web-2.0.0", "test_cli_mgmt_app_service.test_app_service_plan", 4),
    ("azure-mgmt-web-2.0.0", "test_cli_mgmt_web.test_web", 3),
    ("azure-mgmt-web-2.0.0", "test_cli_mgmt_web_app.test_web_app", 11),
    ("azure-mgmt-web-2.0.0", "test_cli_mgmt_web_app.test_web_app_slot", 13),
];

#[test]
fn the_double_answers_as_the_real_arm_did() {
    let python = siac_emulators::python_with("azure-mgmt", REQUIREMENTS);
    let archives = siac_emulators::sources("azure-recordings", &python, RECORDED);
    let replayed = RECORDINGS.map(|(archive, recording, compared)| {
        let said = replay(&python, &archives.join(format!("{archive}.zip")), recording);
        let last = said.lines().last().unwrap_or_default();
        let is_whole = last.starts_with(&format!("compared {compared} ")) && last.ends_with(" problems 0");
        if is_whole { String::new() } else { format!("{recording}: {compared} were to be compared:\n{said}\n") }
    });
    assert!(replayed.iter().all(String::is_empty), "{}", replayed.concat());
}

fn replay(python: &Path, archive: &Path, recording: &str) -> String {
    let double = Double::start();
    // Somebody else has the name that the recorded test asked for.
    double.take_name("Microsoft.KeyVault/vaults", "sample-vault");
    let output = Command::new(python)
        .args(["-c", REPLAY, &double.endpoint(), Double::SUBSCRIPTION, Double::TOKEN])
        .args([archive.as_os_str(), recording.as_ref()])
        .stdin(Stdio::null())
        .output()
        .expect("the installed Python starts");
    assert!(output.status.success(), "{recording}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
