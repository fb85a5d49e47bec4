//! What a test holds: an account, and the way to it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use crate::contract::Contract;
use crate::install;
use crate::proxy::Proxy;
use crate::python_server::PythonServer;

/// The region that the tests work in.
pub const REGION: &str = "us-east-1";

/// Our wrapper around MiniStack.
const WRAPPER: &str = include_str!("../ministack/run.py");

/// The script that lists an account.
const LEFT: &str = include_str!("../ministack/left.py");

/// The script that calls an account.
const CALL: &str = include_str!("../ministack/call.py");

/// What a client signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key; of 12 digits it is the account itself, with every permission.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
}

/// An account on an emulated AWS, for one test. Every request through [`Emulator::endpoint`] is compared with the service's model;
/// dropping this fails the test when one was malformed.
pub struct Emulator {
    ministack: Arc<PythonServer>,
    proxy: Proxy,
    account: String,
}

impl Emulator {
    /// An account of its own on the MiniStack of this test process, which is started when it is the first.
    ///
    /// # Panics
    /// When the emulator cannot be installed or started; the message says why.
    pub async fn start() -> Self {
        off_the_runtime(Self::start_blocking).await
    }

    /// As [`Emulator::start`], for tests without a runtime.
    ///
    /// # Panics
    /// As [`Emulator::start`].
    pub fn start_blocking() -> Self {
        static SHARED: OnceLock<Arc<PythonServer>> = OnceLock::new();
        Self::on(SHARED.get_or_init(|| Arc::new(ministack(false))).clone())
    }

    /// On a MiniStack that verifies signatures and enforces IAM policies. [`Emulator::credentials`] may do everything; other users
    /// and roles may do what their policies say.
    ///
    /// # Panics
    /// As [`Emulator::start`].
    pub async fn strict() -> Self {
        off_the_runtime(Self::strict_blocking).await
    }

    /// As [`Emulator::strict`], for tests without a runtime.
    ///
    /// # Panics
    /// As [`Emulator::start`].
    pub fn strict_blocking() -> Self {
        static SHARED: OnceLock<Arc<PythonServer>> = OnceLock::new();
        Self::on(SHARED.get_or_init(|| Arc::new(ministack(true))).clone())
    }

    /// On a MiniStack that nobody else uses, and that ends with this value.
    ///
    /// # Panics
    /// As [`Emulator::start`].
    pub async fn alone() -> Self {
        off_the_runtime(|| Self::on(Arc::new(ministack(false)))).await
    }

    fn on(ministack: Arc<PythonServer>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let account = format!("{:012}", 111_111_110_000_u64 + u64::from(COUNT.fetch_add(1, Ordering::Relaxed)));
        let proxy = Proxy::checking(ministack.address, Contract::shared());
        Self { ministack, proxy, account }
    }

    /// Where clients send their requests, the proxy: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        self.proxy.endpoint()
    }

    /// The emulator itself, without the proxy; for what is no request of siac's: calling an API that was deployed.
    pub fn upstream(&self) -> String {
        format!("http://{}", self.ministack.address)
    }

    /// What the owner of the account signs with.
    pub fn credentials(&self) -> Credentials {
        Credentials { access_key_id: self.account.clone(), secret_access_key: "test".to_owned() }
    }

    /// The account's number.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region of [`REGION`].
    pub fn region(&self) -> &'static str {
        REGION
    }

    /// A name that no other test has, for what is unique among all accounts: buckets.
    pub fn unique(&self, name: &str) -> String {
        format!("{name}-{}-{}", std::process::id(), self.account)
    }

    /// The environment that makes a program use this account and nothing else.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let credentials = self.credentials();
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_ACCESS_KEY_ID", credentials.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ]
    }

    /// The proxy in front: rules for trouble, and what was seen.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Empties the account.
    ///
    /// # Panics
    /// When the emulator does not answer.
    pub async fn reset(&self) {
        let (ministack, path) = (self.ministack.clone(), format!("/_siac/forget/{}", self.account));
        let status = off_the_runtime(move || ministack.ask("POST", &path)).await;
        assert_eq!(status, Some(204), "the account cannot be emptied:\n{}", self.ministack.log());
    }

    /// What there is in the account, as the cloud's own list calls tell it: `service what name`, sorted. What every account has from the start is left out.
    ///
    /// # Panics
    /// When a list call fails.
    pub async fn left(&self) -> Vec<String> {
        let (upstream, account) = (self.upstream(), self.account.clone());
        off_the_runtime(move || list(&upstream, &account)).await
    }

    /// What the account answers to calls of its owner, made with a client that is not ours and past the proxy:
    /// `[["kms", "create_key", {}]]`. Blocks.
    ///
    /// # Panics
    /// When a call fails.
    pub fn call(&self, calls: &serde_json::Value) -> serde_json::Value {
        let owner = self.credentials();
        run_calls(&self.upstream(), &owner, calls).unwrap_or_else(|why| panic!("a call fails:\n{why}"))
    }

    /// What the account answers to calls of someone, through the proxy; the end of what is said when one is refused. Blocks.
    ///
    /// # Errors
    /// When a call fails.
    pub fn call_as(&self, who: &Credentials, calls: &serde_json::Value) -> Result<serde_json::Value, String> {
        run_calls(&self.endpoint(), who, calls)
    }

    /// A user with this policy and nothing else; only a strict emulator makes it count. Blocks.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn user(&self, name: &str, policy: &str) -> Credentials {
        let answers = self.call(&serde_json::json!([
            ["iam", "create_user", { "UserName": name }],
            ["iam", "put_user_policy", { "UserName": name, "PolicyName": "all", "PolicyDocument": policy }],
            ["iam", "create_access_key", { "UserName": name }],
        ]));
        let text = |name: &str| answers[2]["AccessKey"][name].as_str().unwrap_or_default().to_owned();
        Credentials { access_key_id: text("AccessKeyId"), secret_access_key: text("SecretAccessKey") }
    }

    /// The malformed requests so far, each with what is wrong with it. They are taken: they no longer fail the test.
    pub fn take_malformed(&self) -> Vec<String> {
        self.proxy.take_malformed()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let malformed = self.proxy.take_malformed();
        if !std::thread::panicking() {
            assert!(malformed.is_empty(), "malformed requests were sent:\n{}", malformed.join("\n"));
        }
    }
}

/// A MiniStack; with `auth` one that verifies signatures and enforces policies.
fn ministack(auth: bool) -> PythonServer {
    let environment = [
        ("AUTH", if auth { "true" } else { "false" }),
        ("LOG_LEVEL", "WARNING"),
        ("IOT_MTLS_ENABLED", "0"),
        ("SFTP_ENABLED", "0"),
    ];
    PythonServer::start(&install::python(), WRAPPER, "/_ministack/health", &environment)
}

fn list(upstream: &str, account: &str) -> Vec<String> {
    let said = script(LEFT, &[upstream, account, REGION]).unwrap_or_else(|why| panic!("a list call fails:\n{why}"));
    said.lines().map(str::to_owned).collect()
}

/// What a service answers to calls, made with a client that is not ours; what it complains of when one fails.
pub(crate) fn run_calls(
    endpoint: &str,
    who: &Credentials,
    calls: &serde_json::Value,
) -> Result<serde_json::Value, String> {
    let said = script(CALL, &[endpoint, &who.access_key_id, &who.secret_access_key, REGION, &calls.to_string()])?;
    Ok(serde_json::from_str(&said).expect("the script prints JSON"))
}

/// What a script says, run with the installed Python; what it complains of when it fails.
fn script(text: &str, arguments: &[&str]) -> Result<String, String> {
    let output = std::process::Command::new(install::python()).args(["-c", text]).args(arguments).output();
    let output = output.expect("the installed Python starts");
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

async fn off_the_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("{error}"),
        },
    }
}
