//! The binary. Everything it does is in the library, where tests can reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    siac_cli::commands::run()
}
