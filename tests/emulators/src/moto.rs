//! Moto, for what MiniStack does not have: application auto scaling.

use crate::contract::Contract;
use crate::emulator::{Credentials, REGION, run_calls};
use crate::install;
use crate::proxy::Proxy;
use crate::python_server::PythonServer;

/// Our wrapper around Moto.
const WRAPPER: &str = include_str!("../moto/run.py");

/// The account that every Moto has.
const ACCOUNT: &str = "123456789012";

/// A Moto of its own for one test, behind a proxy that compares requests as that of an [`Emulator`](crate::Emulator) does.
///
/// Its conditional writes race, so nothing about locks may be tested here. Dropping it fails the test when a malformed request was sent.
pub struct Moto {
    proxy: Proxy,
    // After the proxy, so that nothing is passed on to a process that is gone.
    _server: PythonServer,
}

impl Moto {
    /// Starts one.
    ///
    /// # Panics
    /// When it cannot be installed or started; the message says why.
    pub async fn start() -> Self {
        tokio::task::spawn_blocking(Self::start_blocking).await.expect("Moto starts")
    }

    /// As [`Moto::start`], for tests without a runtime.
    ///
    /// # Panics
    /// As [`Moto::start`].
    pub fn start_blocking() -> Self {
        let server = PythonServer::start(&install::moto(), WRAPPER, "/moto-api/data.json", &[]);
        Self { proxy: Proxy::checking(server.address, Contract::shared()), _server: server }
    }

    /// Where clients send their requests, the proxy: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        self.proxy.endpoint()
    }

    /// What a client signs with.
    pub fn credentials(&self) -> Credentials {
        Credentials { access_key_id: ACCOUNT.to_owned(), secret_access_key: "test".to_owned() }
    }

    /// Makes calls that are not siac's: each with service, call in snake case and arguments, as in `[["ssm", "get_parameter", { … }]]`.
    /// The answers, in the same order. Blocks.
    ///
    /// # Panics
    /// When a call fails.
    pub fn call(&self, calls: &serde_json::Value) -> serde_json::Value {
        let answers = run_calls(&self.endpoint(), &self.credentials(), calls);
        answers.unwrap_or_else(|why| panic!("a call fails:\n{why}"))
    }

    /// The account's number.
    pub fn account(&self) -> &'static str {
        ACCOUNT
    }

    /// The region of [`REGION`].
    pub fn region(&self) -> &'static str {
        REGION
    }

    /// The proxy in front: rules for trouble, and what was seen.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let malformed = self.proxy.take_malformed();
        if !std::thread::panicking() {
            assert!(malformed.is_empty(), "malformed requests were sent:\n{}", malformed.join("\n"));
        }
    }
}
