//! Serves a double until its input ends: `siac-arm-double [PORT]` says the endpoint on its first line.

use std::io::Read;

fn main() {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let double = siac_arm_double::Double::start_on(port);
    println!("{}", double.endpoint());
    let mut input = Vec::new();
    let _ = std::io::stdin().read_to_end(&mut input);
}
