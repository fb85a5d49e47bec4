//! A proxy between a client and an emulator: it checks requests, remembers them, and makes trouble where a rule says so.

mod message;
mod rules;

use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use message::Request;
pub use rules::{Gate, Rule};

use crate::contract::{Contract, Verdict};
use message::Response;
use rules::Trouble;

/// How long a test waits for a request before it is called missing.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request that passed, or was to pass, the proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What rules are matched with: `service.Operation METHOD /path?query`; the first part is `?` where it is not known.
    pub what: String,
    /// The headers that make a write conditional, as `name: value`.
    pub conditions: Vec<String>,
    /// Whether a rule made trouble for it.
    pub is_troubled: bool,
}

/// A listening proxy. Threads of its own serve it, so that it outlives the runtime of any test.
pub struct Proxy {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    upstream: SocketAddr,
    contract: Option<Arc<Contract>>,
    is_closed: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    seen: Vec<Seen>,
    malformed: Vec<String>,
}

impl Proxy {
    /// A proxy that passes everything on as it is.
    ///
    /// # Panics
    /// When no port is free.
    pub fn plain(upstream: SocketAddr) -> Self {
        Self::listen(upstream, None)
    }

    /// A proxy that compares signed requests with the models of a contract, and answers malformed ones itself. It stands for the end of TLS in
    /// front of a service: what passes it counts as having come with TLS.
    ///
    /// # Panics
    /// When no port is free.
    pub fn checking(upstream: SocketAddr, contract: Arc<Contract>) -> Self {
        Self::listen(upstream, Some(contract))
    }

    fn listen(upstream: SocketAddr, contract: Option<Arc<Contract>>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let is_closed = AtomicBool::new(false);
        let shared =
            Arc::new(Shared { upstream, contract, is_closed, state: Mutex::default(), changed: Condvar::new() });
        let serving = shared.clone();
        std::thread::spawn(move || serving.accept(&listener));
        Self { shared, address }
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a rule. The first rule that matches and is not used up decides.
    pub fn add(&self, rule: Rule) {
        self.shared.state().rules.push(rule);
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.shared.state().rules.clear();
    }

    /// Every request so far, in the order of their arrival.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.state().seen.clone()
    }

    /// How many requests match a pattern; see [`Seen::what`].
    ///
    /// # Panics
    /// When the pattern is no regular expression.
    pub fn count(&self, pattern: &str) -> usize {
        let pattern = rules::pattern(pattern);
        self.shared.state().seen.iter().filter(|seen| pattern.is_match(&seen.what)).count()
    }

    /// Returns once so many requests that match a pattern have arrived.
    ///
    /// # Panics
    /// When they do not, in a minute.
    pub async fn arrival(&self, pattern: &str, number: usize) {
        let (shared, pattern) = (self.shared.clone(), rules::pattern(pattern));
        let waiting = move || shared.await_arrival(&pattern, number);
        tokio::task::spawn_blocking(waiting).await.expect("the request arrives");
    }

    /// The malformed requests so far; they are taken.
    pub fn take_malformed(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().malformed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_closed.store(true, Ordering::Release);
        // The listener's thread is woken by a last connection.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            if self.is_closed.load(Ordering::Acquire) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let this = self.clone();
            // A connection that breaks is the client's affair.
            std::thread::spawn(move || drop(this.serve(&stream)));
        }
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        while let Some(request) = message::read_request(&mut reader, stream)? {
            match self.answer(&request)? {
                Some(response) => response.write(stream, request.method == "HEAD")?,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// The answer; none when the connection is to break.
    fn answer(&self, request: &Request) -> io::Result<Option<Response>> {
        let verdict = self.contract.as_ref().map(|contract| contract.check(request)).unwrap_or_default();
        let trouble = self.register(request, &verdict);
        if !verdict.violations.is_empty() {
            let why = verdict.violations.join("; ");
            return Ok(Some(Response::error(request, 400, "ValidationException", &why)));
        }
        match trouble {
            None => self.forward(request).map(Some),
            Some(Trouble::Fail { status, code, message }) => {
                Ok(Some(Response::error(request, status, &code, &message)))
            }
            Some(Trouble::LoseRequest) => Ok(None),
            Some(Trouble::LoseAnswer) => self.forward(request).map(|_| None),
            Some(Trouble::Delay(delay)) => {
                std::thread::sleep(delay);
                self.forward(request).map(Some)
            }
            Some(Trouble::HoldRequest(gate)) => {
                gate.wait();
                self.forward(request).map(Some)
            }
            Some(Trouble::HoldAnswer(gate)) => {
                let response = self.forward(request)?;
                gate.wait();
                Ok(Some(response))
            }
            Some(Trouble::Retell(words)) => Ok(Some(self.forward(request)?.saying(&words))),
            Some(Trouble::Strip(names)) => self.forward(&request.without(&names)).map(Some),
        }
    }

    fn register(&self, request: &Request, verdict: &Verdict) -> Option<Trouble> {
        let what = format!("{} {} {}", verdict.operation.as_deref().unwrap_or("?"), request.method, request.target);
        let mut state = self.state();
        if !verdict.violations.is_empty() {
            state.malformed.push(format!("{what}: {}", verdict.violations.join("; ")));
        }
        let trouble = state.rules.iter_mut().find_map(|rule| rule.apply(&what));
        state.seen.push(Seen { what, conditions: request.conditions(), is_troubled: trouble.is_some() });
        drop(state);
        self.changed.notify_all();
        trouble
    }

    fn forward(&self, request: &Request) -> io::Result<Response> {
        let mut upstream = TcpStream::connect(self.upstream)?;
        upstream.set_nodelay(true)?;
        let is_secure = self.contract.is_some();
        upstream.write_all(&request.to_bytes(is_secure))?;
        message::read_response(&mut BufReader::new(upstream), request.method == "HEAD")
    }

    fn await_arrival(&self, pattern: &regex::Regex, number: usize) {
        let until = Instant::now() + PATIENCE;
        let mut state = self.state();
        while state.seen.iter().filter(|seen| pattern.is_match(&seen.what)).count() < number {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {number} requests match {pattern}; seen were {:#?}", state.seen);
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
