//! Azure Blob Storage on this machine: one Azurite process for a test process, a container's name and a proxy for each test.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::install;
use crate::proxy::Proxy;

/// Our wrapper around Azurite.
const WRAPPER: &str = include_str!("../azurite/run.js");

/// How long a start may take. It takes some seconds on an idle machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The account that every Azurite has, and its key, which Microsoft publishes.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A container's name that no other test has on an Azurite, and a proxy in front of it.
///
/// Azurite checks signatures, versions and leases as Blob Storage does. It keeps no versions of blobs and knows no roles, and this one forgets
/// everything when its test process ends.
pub struct Azurite {
    running: Arc<Running>,
    proxy: Proxy,
    container: String,
}

impl Azurite {
    /// A container's name on the Azurite of this test process, which is started when it is the first. The container is not made.
    ///
    /// # Panics
    /// When the emulator cannot be installed or started; the message says why.
    pub fn start() -> Self {
        static SHARED: OnceLock<Arc<Running>> = OnceLock::new();
        Self::on(SHARED.get_or_init(|| Arc::new(Running::start())).clone())
    }

    /// A container's name on an Azurite that nobody else uses, and that ends with this value.
    ///
    /// # Panics
    /// As [`Azurite::start`].
    pub fn alone() -> Self {
        Self::on(Arc::new(Running::start()))
    }

    fn on(running: Arc<Running>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let container = format!("siac-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let proxy = Proxy::plain(running.address);
        Self { running, proxy, container }
    }

    /// Where clients send their requests, through the proxy.
    pub fn endpoint(&self) -> String {
        format!("{}/{ACCOUNT}", self.proxy.endpoint())
    }

    /// The emulator itself, without the proxy.
    pub fn upstream(&self) -> String {
        format!("http://{}/{ACCOUNT}", self.running.address)
    }

    /// The storage account.
    pub fn account(&self) -> &'static str {
        ACCOUNT
    }

    /// The account's key, in base64.
    pub fn key(&self) -> &'static str {
        KEY
    }

    /// The container's name.
    pub fn container(&self) -> &str {
        &self.container
    }

    /// The proxy in front: rules for trouble, and what was seen. Requests are called `? METHOD /account/container/blob?query`.
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }
}

/// One process. Its standard input is a pipe that only this process holds: when this process ends in whatever way, so does Azurite.
struct Running {
    child: Child,
    folder: PathBuf,
    address: SocketAddr,
}

impl Running {
    fn start() -> Self {
        let modules = install::azurite();
        let folder = install::fresh_folder();
        let wrapper = folder.join("run.js");
        fs::write(&wrapper, WRAPPER).expect("a file in a fresh folder");
        let log = File::create(folder.join("log")).expect("a file in a fresh folder");
        let mut command = Command::new("node");
        command.arg(&wrapper).arg(modules).arg(&folder).stdin(Stdio::piped());
        command.stderr(log.try_clone().expect("a second handle")).stdout(log);
        let child =
            command.spawn().expect("the tests of state in Azure need Node.js 20 or newer; `node` does not start");
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut running = Self { child, folder, address };
        running.await_address();
        running
    }

    fn await_address(&mut self) {
        let begin = Instant::now();
        loop {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            let said = log.split_once("listens on http://").and_then(|(_, rest)| rest.lines().next());
            if let Some(address) = said.and_then(|address| address.parse().ok()) {
                self.address = address;
                return;
            }
            let ended = self.child.try_wait().ok().flatten();
            assert!(ended.is_none(), "Azurite ended with {ended:?}:\n{log}");
            assert!(begin.elapsed() < PATIENCE, "Azurite does not start:\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
