//! What Microsoft publishes is the measure of the double: its management clients must accept it, and its models must know what siac sends.

use std::process::{Command, Stdio};

use siac_arm_double::Double;

const REQUIREMENTS: &str = include_str!("../official/requirements.txt");
const CLIENTS: &str = include_str!("../official/clients.py");

#[test]
fn microsofts_own_clients_accept_the_double() {
    let double = Double::start();
    let python = siac_emulators::python_with("azure-mgmt", REQUIREMENTS);
    let output = Command::new(python)
        .args(["-c", CLIENTS, &double.endpoint(), Double::SUBSCRIPTION, Double::TOKEN])
        .stdin(Stdio::null())
        .output()
        .expect("the installed Python starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 12, "{said}");
    assert_eq!(double.left(), Vec::<String>::new());
}
