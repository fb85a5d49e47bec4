//! A running double, and what a test arranges in it.

use std::io::BufReader;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use regex::Regex;
use serde_json::Value as Json;

use crate::http::Request;
use crate::json::{overlay, put};
use crate::serve::answer;
use crate::world::World;

/// A request that was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// Method and path.
    pub what: String,
    /// The api-version.
    pub api: String,
    /// The body, when it was JSON.
    pub body: Json,
    /// `x-ms-client-request-id`.
    pub client_request: Option<String>,
    /// `If-Match`.
    pub if_match: Option<String>,
    /// The status of the answer.
    pub status: u16,
}

impl Exchange {
    /// Whether a regular expression matches method and path.
    ///
    /// # Panics
    /// When it is none.
    pub fn is(&self, pattern: &str) -> bool {
        Regex::new(pattern).expect("a regular expression").is_match(&self.what)
    }
}

/// What goes wrong, and how often.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// A regular expression over method and path.
    pub pattern: Regex,
    /// How often.
    pub times: usize,
    /// The status to answer with.
    pub status: u16,
    /// The body to answer with.
    pub body: Json,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// Whether the request has its effect before.
    pub has_effect: bool,
}

impl Trouble {
    /// Answers requests that match with this error, once.
    ///
    /// # Panics
    /// When the pattern is no regular expression.
    pub fn on(pattern: &str, status: u16, code: &str) -> Self {
        Self {
            pattern: Regex::new(pattern).expect("a regular expression"),
            times: 1,
            status,
            body: serde_json::json!({ "error": { "code": code, "message": "arranged by a test" } }),
            retry_after: None,
            has_effect: false,
        }
    }

    /// So often.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }

    /// Asking to wait.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// With this body.
    #[must_use]
    pub fn body(self, body: Json) -> Self {
        Self { body, ..self }
    }

    /// After the request had its effect.
    #[must_use]
    pub fn after_effect(self) -> Self {
        Self { has_effect: true, ..self }
    }
}

/// A running double. Threads of its own serve it; it ends when it is dropped.
pub struct Double {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    world: Mutex<World>,
    is_closed: AtomicBool,
}

impl Double {
    /// The subscription that a double begins with, empty.
    pub const SUBSCRIPTION: &'static str = "00000000-0000-0000-0000-000000000001";

    /// The token that it takes, besides those that its identity endpoint gives.
    pub const TOKEN: &'static str = "a-token-of-the-double";

    /// Starts one on a free port.
    ///
    /// # Panics
    /// When no port is free.
    pub fn start() -> Self {
        Self::start_on(0)
    }

    /// Starts one on a port.
    ///
    /// # Panics
    /// When the port is taken.
    pub fn start_on(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let world = Mutex::new(World::new(Self::SUBSCRIPTION));
        let shared = Arc::new(Shared { world, is_closed: AtomicBool::new(false) });
        let serving = shared.clone();
        std::thread::spawn(move || serving.accept(&listener));
        Self { shared, address }
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The environment by which azure_identity gets tokens here, as it would on App Service.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("IDENTITY_ENDPOINT", format!("{}/msi/token", self.endpoint())),
            ("IDENTITY_HEADER", "double".to_owned()),
            ("AZURE_SUBSCRIPTION_ID", Self::SUBSCRIPTION.to_owned()),
        ]
    }

    /// Every request so far.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.world().exchanges.clone()
    }

    /// How many requests match a regular expression over method and path.
    ///
    /// # Panics
    /// When it is none.
    pub fn count(&self, pattern: &str) -> usize {
        let pattern = Regex::new(pattern).expect("a regular expression");
        self.world().exchanges.iter().filter(|exchange| pattern.is_match(&exchange.what)).count()
    }

    /// The ids of everything there is, sorted; what exists only because of something else is left out.
    pub fn left(&self) -> Vec<String> {
        let world = self.world();
        let is_own = |ty: &str, id: &str| {
            world.types.iter().all(|row| {
                row.begins_with.keys().all(|child| {
                    let parts: Vec<&str> = child.split('/').collect();
                    let child_type = parts.iter().step_by(2).fold(row.name.clone(), |ty, part| format!("{ty}/{part}"));
                    !(child_type.eq_ignore_ascii_case(ty)
                        && id.to_ascii_lowercase().ends_with(&child.to_ascii_lowercase()))
                })
            })
        };
        let own = world.resources.values().filter(|resource| is_own(&resource.ty, &resource.id));
        own.map(|resource| resource.id.clone()).collect()
    }

    /// A document, hidden places included.
    pub fn document(&self, id: &str) -> Option<Json> {
        self.world().resource(id).map(|resource| resource.document.clone())
    }

    /// Changes a resource behind everybody's back: a merge patch.
    ///
    /// # Panics
    /// When there is no such resource.
    pub fn tamper(&self, id: &str, patch: &Json) {
        let mut world = self.world();
        let resource = world.resources.get_mut(&id.to_ascii_lowercase()).expect("a resource to tamper with");
        overlay(&mut resource.document, patch);
        resource.version += 1;
    }

    /// Makes a resource that a stranger put there.
    ///
    /// # Panics
    /// When its type is not known.
    pub fn plant(&self, id: &str, body: &Json) {
        let mut world = self.world();
        let place = crate::path::Place::read(id).expect("an id");
        let row = world.row(&place.ty).expect("a known type");
        let mut body = body.clone();
        put(&mut body, "properties.provisioningState", Json::Null);
        world.keep(&row, &place, &body, false);
    }

    /// Takes a resource away behind everybody's back.
    pub fn vanish(&self, id: &str) {
        self.world().resources.remove(&id.to_ascii_lowercase());
    }

    /// Deletes a resource behind everybody's back, as its service does.
    pub fn delete(&self, id: &str) {
        self.world().bury(id);
    }

    /// Another subscription that the identity sees.
    pub fn add_subscription(&self, id: &str) {
        self.world().subscriptions.insert(id.to_ascii_lowercase());
    }

    /// A name that someone else in Azure has.
    pub fn take_name(&self, ty: &str, name: &str) {
        self.world().taken.insert((ty.to_ascii_lowercase(), name.to_ascii_lowercase()));
    }

    /// A namespace that the subscription is not registered for.
    pub fn unregister(&self, namespace: &str) {
        self.world().unregistered.insert(namespace.to_ascii_lowercase());
    }

    /// Lets something go wrong.
    pub fn trouble(&self, trouble: Trouble) {
        self.world().troubles.push(trouble);
    }

    /// Lets operations stand still, or go on.
    pub fn hold(&self, is_held: bool) {
        self.world().is_held = is_held;
    }

    /// Lets the next operation that is accepted fail in the end.
    pub fn fail_next_operation(&self, code: &str, message: &str) {
        self.world().next_failure = Some((code.to_owned(), message.to_owned()));
    }

    /// Lets the next package that is handed over fail to run.
    pub fn fail_next_deployment(&self, message: &str) {
        self.world().next_deployment = Some(message.to_owned());
    }

    /// Forgets every operation's status, as services do after a day.
    pub fn forget_operations(&self) {
        self.world().operations.clear();
    }

    /// The package that was last deployed to an app.
    pub fn package(&self, app: &str) -> Option<Vec<u8>> {
        self.world().packages.get(&app.to_ascii_lowercase()).cloned()
    }

    /// Whether a deleted resource is kept.
    pub fn is_kept(&self, ty: &str, name: &str) -> bool {
        self.world().deleted.contains_key(&(ty.to_ascii_lowercase(), name.to_ascii_lowercase()))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.shared.is_closed.store(true, Ordering::Release);
        // The listener's thread is woken by a last connection.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
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

    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        while let Some(request) = Request::read(&mut reader)? {
            let response = {
                let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
                answer(&mut world, &request)
            };
            response.write(stream, request.method == "HEAD")?;
            if request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
                return Ok(());
            }
        }
        Ok(())
    }
}
