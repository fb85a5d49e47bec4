//! An account on the emulator, the repository's stacks in a project of their own, and a look at what was deployed.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value as Json, json};
use siac_emulators::{Credentials, Emulator};

use crate::sandbox::{Run, Sandbox, project};

/// Whoever deploys, and where to.
pub struct Account {
    /// The project.
    pub sandbox: Sandbox,
    /// The account.
    pub emulator: Emulator,
}

impl Account {
    /// An empty account.
    pub fn new() -> Self {
        Self::on(Emulator::start_blocking())
    }

    /// An account on this emulator.
    pub fn on(emulator: Emulator) -> Self {
        let mut sandbox = project();
        sandbox.environment =
            emulator.environment().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let account = Self { sandbox, emulator };
        account.with("SIAC_PASSPHRASE", "correct horse battery staple")
    }

    /// With this environment variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.sandbox.environment.retain(|(known, _)| known != name);
        self.sandbox.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without this environment variable.
    pub fn without(mut self, name: &str) -> Self {
        self.sandbox.environment.retain(|(known, _)| known != name);
        self
    }

    /// As somebody else.
    pub fn acting_as(self, credentials: &Credentials) -> Self {
        self.with("AWS_ACCESS_KEY_ID", &credentials.access_key_id)
            .with("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key)
    }

    /// Writes a stack that is one of the repository's with more to it, and answers where it is.
    pub fn extended(&self, stack: &str, more: &str) -> String {
        let path = format!("stacks/here-{stack}");
        self.sandbox.write(&path, &format!("extends = [{stack:?}]\n\n{more}"));
        path
    }

    /// Makes a bucket for states, as people do, and answers with the `[state]` table.
    pub fn state_in_s3(&self) -> String {
        let bucket = self.state_bucket();
        self.sandbox.succeed(&["init", "--backend", "s3", "--bucket", &bucket]);
        format!("[state]\nbackend = \"s3\"\nbucket = {bucket:?}\n\n")
    }

    /// The bucket of [`Account::state_in_s3`].
    pub fn state_bucket(&self) -> String {
        self.emulator.unique("state")
    }

    /// Runs the binary without questions, which must succeed.
    pub fn applied(&self, arguments: &[&str]) -> Run {
        self.sandbox.succeed(&[arguments, &["--auto-approve"]].concat())
    }

    /// An output of a stack.
    pub fn output(&self, stack: &str, name: &str) -> String {
        self.sandbox.succeed(&["output", name, stack, "--raw"]).stdout.trim().to_owned()
    }

    /// Calls an HTTP API as a browser would; the status and the answer.
    pub fn call(&self, api: &str, method: &str, path: &str, body: &str) -> (u16, Json) {
        self.call_with(api, method, path, body, &[])
    }

    /// Calls an HTTP API with more headers.
    pub fn call_with(&self, api: &str, method: &str, path: &str, body: &str, more: &[(&str, &str)]) -> (u16, Json) {
        let more: String = more.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let host = self.emulator.upstream().replace("http://", "");
        let request = format!(
            "{method} /_aws/execute-api/{api}/$default{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
             {more}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(host).expect("the emulator listens");
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        // The body may be in chunks; its JSON is in one.
        let begin = answer.find("{\"").unwrap_or(answer.len());
        let end = answer.rfind('}').map_or(begin, |end| end + 1);
        (status, serde_json::from_str(&answer[begin..end.max(begin)]).unwrap_or(Json::Null))
    }

    /// What there is in the account by its own lists, the bucket of states left out.
    pub fn left(&self) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let bucket = format!("s3 buckets {}", self.state_bucket());
        runtime.block_on(self.emulator.left()).into_iter().filter(|line| *line != bucket).collect()
    }

    /// The published versions of a function, each with everything that is told of it.
    pub fn versions(&self, function: &str) -> Vec<Json> {
        let told = self.ask("lambda", "list_versions_by_function", &json!({ "FunctionName": function }));
        let all = told["Versions"].as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|version| version["Version"] != "$LATEST").collect()
    }

    /// One call of the account by a client that is not ours.
    pub fn ask(&self, service: &str, call: &str, arguments: &Json) -> Json {
        self.emulator.call(&json!([[service, call, arguments]]))[0].clone()
    }
}
