//! Runs the detached processes of the local provider alone, without the rest of siac; its tests start it.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["__runner", folder] => siac_provider_local::runner::main(Path::new(folder)),
        _ => ExitCode::FAILURE,
    }
}
