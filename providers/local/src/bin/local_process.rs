//! Runs the detached processes of the local provider alone, without the rest of siac; its tests start it. With `serve` it is itself a
//! service to be supervised.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["__runner", folder] => siac_provider_local::runner::main(Path::new(folder)),
        ["__supervisor", folder] => siac_provider_local::supervisor::main(Path::new(folder)),
        ["serve"] => serve().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
        _ => ExitCode::FAILURE,
    }
}

/// Answers each connection with `WORD`, its process number and the content of `word.txt`. `/unwell` answers 503, `/slow` takes `SLOW`
/// milliseconds, `/die` ends the process.
fn serve() -> std::io::Result<()> {
    let port = std::env::var("PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(0_u16);
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let mut out = std::io::stdout();
    writeln!(out, "serving; the token is {}", std::env::var("TOKEN").unwrap_or_default())?;
    loop {
        let (mut stream, _) = listener.accept()?;
        std::thread::spawn(move || {
            let mut request = [0; 1_024];
            let read = stream.read(&mut request).unwrap_or(0);
            let _ = stream.write_all(answer(&String::from_utf8_lossy(&request[..read])).as_bytes());
        });
    }
}

fn answer(request: &str) -> String {
    let status = if request.starts_with("GET /unwell") { "503 Unwell" } else { "200 OK" };
    if request.starts_with("GET /die") {
        std::process::abort();
    }
    if request.starts_with("GET /slow") {
        let milliseconds = std::env::var("SLOW").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        std::thread::sleep(Duration::from_millis(milliseconds));
    }
    let word = std::env::var("WORD").unwrap_or_default();
    let file = std::fs::read_to_string("word.txt").unwrap_or_default();
    let body = format!("{word} {} {}", std::process::id(), file.trim());
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}
