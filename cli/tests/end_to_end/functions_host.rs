//! As much of the Azure Functions host as a custom handler sees of it: `host.json`, `function.json`, the port, and the requests that are passed on.
//!
//! Sources: "Azure Functions custom handlers", and the public sources of the host: the variables that a handler's process is given.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;

use super::sandbox::{eventually, free_port};

/// The settings of an app: they are the environment of what it runs.
pub type Settings = BTreeMap<String, String>;

/// How long a custom handler may take to answer. Source: "Azure Functions custom handlers", restrictions.
const START: Duration = Duration::from_secs(60);

/// Unpacks an archive with the modes and links that it has.
const UNPACK: &str = r"
import os, stat, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    for entry in archive.infolist():
        mode = entry.external_attr >> 16
        path = os.path.join(sys.argv[2], entry.filename)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if stat.S_ISLNK(mode):
            os.symlink(archive.read(entry).decode(), path)
        else:
            archive.extract(entry, sys.argv[2])
            os.chmod(path, stat.S_IMODE(mode))
";

/// A running custom handler with the host in front of it.
pub struct FunctionsHost {
    child: Child,
    port: u16,
    prefix: String,
    triggers: Vec<Trigger>,
}

/// One HTTP trigger.
struct Trigger {
    route: String,
    methods: Vec<String>,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl FunctionsHost {
    /// Unpacks a package into a folder and starts what its `host.json` names.
    pub fn start(root: &Path, package: &[u8], settings: &Settings) -> Self {
        unpack(root, package);
        let host = json(&root.join("host.json"));
        assert_eq!(host["version"], "2.0", "{host}");
        let handler = &host["customHandler"];
        assert_eq!(handler["enableProxyingHttpRequest"], true, "requests are passed on as they are: {host}");
        let prefix = host["extensions"]["http"]["routePrefix"].as_str().unwrap_or("api").to_owned();
        let port = free_port();
        let child = handler_process(root, &handler["description"], settings, port).spawn().expect("the handler starts");
        let mut started = Self { child, port, prefix, triggers: triggers(root) };
        let answers = eventually(START, || TcpStream::connect(("127.0.0.1", port)).is_ok());
        let ended = started.child.try_wait().expect("the handler can be asked");
        assert!(answers && ended.is_none(), "the handler listens on the port that it was given: {ended:?}");
        started
    }

    /// A request from outside: where no function has the route, the host answers itself.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let route = path.split('?').next().unwrap_or_default();
        match self.triggers.iter().any(|trigger| trigger.takes(&self.prefix, method, route)) {
            true => self.pass_on(method, path, headers, body),
            false => Reply { status: 404, headers: BTreeMap::new(), body: String::new() },
        }
    }

    /// The body of a GET request that is answered well.
    pub fn get(&self, path: &str) -> Json {
        let reply = self.ask("GET", path, &[], "");
        assert_eq!(reply.status, 200, "{reply:?}");
        serde_json::from_str(&reply.body).expect("an answer in JSON")
    }

    fn pass_on(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the handler listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout can be set");
        let own = [("host", "app.azurewebsites.net"), ("x-azure-functions-invocationid", "1"), ("connection", "close")];
        let lines: String = own.iter().chain(headers).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        write!(stream, "{method} {path} HTTP/1.1\r\n{lines}content-length: {}\r\n\r\n{body}", body.len())
            .expect("the handler reads");
        Reply::read(BufReader::new(stream))
    }
}

impl Drop for FunctionsHost {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Trigger {
    /// Whether it has this route: either all of them, or one as it is written.
    fn takes(&self, prefix: &str, method: &str, path: &str) -> bool {
        let below = path.trim_start_matches('/').strip_prefix(prefix).map(|path| path.trim_start_matches('/'));
        let is_it = |below: &str| self.route.starts_with("{*") || self.route == below;
        below.is_some_and(is_it) && self.methods.iter().any(|allowed| allowed.eq_ignore_ascii_case(method))
    }
}

impl Reply {
    fn read(mut reader: impl BufRead) -> Self {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("the handler answers");
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let status = lines[0].split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let pairs = lines[1..].iter().filter_map(|line| line.split_once(':'));
        let headers = pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let mut body = String::new();
        reader.read_to_string(&mut body).expect("a body");
        let body = unchunked(&headers, body);
        Self { status, headers, body }
    }
}

/// A body in chunks, put together.
fn unchunked(headers: &BTreeMap<String, String>, body: String) -> String {
    if headers.get("transfer-encoding").is_none_or(|coding| coding != "chunked") {
        return body;
    }
    let lines: Vec<&str> = body.split("\r\n").collect();
    lines.chunks(2).filter_map(|pair| pair.get(1).copied()).collect()
}

fn unpack(root: &Path, package: &[u8]) {
    fs::create_dir_all(root).expect("a folder");
    let archive = root.with_extension("zip");
    fs::write(&archive, package).expect("a file");
    let unpacked = Command::new("python3").args(["-c", UNPACK]).args([&archive, root]).output().expect("python3 runs");
    assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
}

fn json(path: &Path) -> Json {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The process of a custom handler, by its description.
fn handler_process(root: &Path, description: &Json, settings: &Settings, port: u16) -> Command {
    let named = description["defaultExecutablePath"].as_str().expect("a handler is named");
    let folder = root.join(description["workingDirectory"].as_str().unwrap_or_default());
    let own = folder.join(named);
    let program = if own.is_file() { executable(own) } else { PathBuf::from(named) };
    let arguments = description["arguments"].as_array().into_iter().flatten().filter_map(Json::as_str);
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null()).stdout(Stdio::null());
    command.env("PATH", std::env::var("PATH").unwrap_or_default()).envs(settings);
    let port = port.to_string();
    command.env("FUNCTIONS_CUSTOMHANDLER_PORT", &port).env("FUNCTIONS_HTTPWORKER_PORT", &port);
    command.env("FUNCTIONS_CUSTOMHANDLER_WORKER_ID", "1").env("FUNCTIONS_APP_ROOT_PATH", root);
    command
}

fn executable(path: PathBuf) -> PathBuf {
    let mode = fs::metadata(&path).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "{} cannot be executed", path.display());
    path
}

/// The HTTP triggers of every function: each is a folder with a `function.json`.
fn triggers(root: &Path) -> Vec<Trigger> {
    let folders = fs::read_dir(root).expect("the folder is there").flatten().map(|entry| entry.path());
    let functions = folders.filter(|folder| folder.join("function.json").is_file());
    let triggers: Vec<Trigger> = functions.map(|folder| trigger(&folder)).collect();
    assert!(!triggers.is_empty(), "there is no function");
    triggers
}

fn trigger(folder: &Path) -> Trigger {
    let function = json(&folder.join("function.json"));
    let bindings = function["bindings"].as_array().expect("bindings");
    let http = bindings.iter().find(|it| it["type"] == "httpTrigger").expect("an HTTP trigger");
    assert_eq!(http["authLevel"], "anonymous", "{function}");
    assert!(bindings.iter().any(|it| it["type"] == "http" && it["direction"] == "out"), "{function}");
    let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let methods = http["methods"].as_array().expect("methods").iter().filter_map(Json::as_str);
    Trigger { route: http["route"].as_str().unwrap_or(&name).to_owned(), methods: methods.map(str::to_owned).collect() }
}
