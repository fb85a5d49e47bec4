//! One request: passed on to a process, and passed on to another one when the first breaks before it has answered and no harm can be done.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::body::{Body, Incoming};
use hyper::http::request;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::sync::watch;
use tokio::time::timeout;

use super::body::{Download, Upload};
use super::headers;
use super::pool::{self, Line};
use crate::supervisor::switchboard::Switchboard;
use crate::supervisor::upstream::{Passage, Upstream};

/// How often a request that was sent is sent again when its connection breaks. A request that makes processes crash must not end them all.
/// A choice of this project.
const REPEATS: u32 = 2;

/// A request on its way to a program.
pub struct Outgoing {
    request: Request<Upload>,
    /// The request once more, when sending it twice has the effect of once: it has no body and an idempotent method.
    again: Option<request::Parts>,
    /// The client's connection, when the client asks to go on in another protocol.
    outside: Option<OnUpgrade>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No process became ready.
    NoProcess,
    /// The connection to the process broke.
    Broken,
    /// The client's own body broke off or is malformed.
    Unreadable,
    /// It took too long.
    TooSlow,
}

impl Failure {
    /// The status and a sentence for the client.
    pub fn told(self) -> (StatusCode, &'static str) {
        match self {
            Self::NoProcess => (StatusCode::SERVICE_UNAVAILABLE, "no process of the service is ready"),
            Self::Broken => (StatusCode::BAD_GATEWAY, "the service broke the connection before it answered"),
            Self::Unreadable => (StatusCode::BAD_REQUEST, "the body of the request ended early or is malformed"),
            Self::TooSlow => (StatusCode::GATEWAY_TIMEOUT, "the service did not answer in time"),
        }
    }
}

/// Where an answer came from.
struct Way {
    passage: Passage,
    line: Line,
}

impl Outgoing {
    /// A request of a client.
    pub fn new(mut head: request::Parts, incoming: Incoming, client: IpAddr) -> Self {
        let can_be_repeated = head.method.is_idempotent() && incoming.is_end_stream();
        let outside = head.extensions.remove::<OnUpgrade>().filter(|_| headers::asks_for_upgrade(&head.headers));
        let is_held = headers::waits_to_continue(&head.headers) && !incoming.is_end_stream();
        headers::go_in(&mut head, client);
        let again = can_be_repeated.then(|| head.clone());
        let request = match is_held {
            true => held(head, incoming),
            false => Request::from_parts(head, Upload::new(incoming)),
        };
        Self { request, again, outside }
    }

    /// The answer of the release, or of another one that has a share when no process of this one is ready.
    pub async fn answered(self, board: &Switchboard, release: &Arc<Upstream>) -> Result<Response<Download>, Failure> {
        let Self { request, again, outside } = self;
        let travelling = travel(request, again, board, release);
        let arrived = match release.rules.timeout {
            Some(limit) => timeout(limit, travelling).await.unwrap_or(Err(Failure::TooSlow)),
            None => travelling.await,
        };
        let (answer, way) = arrived.inspect_err(|failure| release.count(failure.told().0.is_server_error()))?;
        let is_upgrade = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
        let is_wrong = is_upgrade && outside.is_none();
        way.passage.upstream.count(is_wrong || answer.status().is_server_error());
        match outside {
            Some(outside) if is_upgrade => Ok(switch(answer, outside, way)),
            None if is_upgrade => Err(Failure::Broken),
            _ => Ok(relay(answer, way)),
        }
    }
}

/// A request whose body the client holds back until the program asks for it.
fn held(head: request::Parts, incoming: Incoming) -> Request<Upload> {
    let (ask, asked) = watch::channel(false);
    let mut request = Request::from_parts(head, Upload::held_until(incoming, asked));
    hyper::ext::on_informational(&mut request, move |answer| {
        if answer.status() == StatusCode::CONTINUE {
            ask.send_replace(true);
        }
    });
    request
}

async fn travel(
    mut request: Request<Upload>,
    again: Option<request::Parts>,
    board: &Switchboard,
    release: &Upstream,
) -> Result<(Response<Incoming>, Way), Failure> {
    let (mut avoid, mut repeats, mut has_broken) = (Vec::new(), 0, false);
    loop {
        let passage = board.enter_soon(Some(release.op), &avoid).await.ok_or(Failure::NoProcess)?;
        // What broke once is not tried with another connection that may be as old.
        let waiting = passage.backend.pool.take().filter(|_| !has_broken);
        let is_new = waiting.is_none();
        let opened = match waiting {
            Some(line) => Ok(line),
            None => pool::open(&passage).await,
        };
        let Ok(mut line) = opened else {
            avoid.push(Arc::clone(&passage.backend));
            continue;
        };
        let mut broken = match line.try_send_request(request).await {
            Ok(answer) => return Ok((answer, Way { passage, line })),
            Err(broken) => broken,
        };
        if is_new {
            avoid.push(Arc::clone(&passage.backend));
        }
        has_broken = true;
        passage.broke();
        request = match (broken.take_message(), &again) {
            (Some(unsent), _) => unsent,
            (None, Some(head)) if repeats < REPEATS => {
                repeats += 1;
                Request::from_parts(head.clone(), Upload::empty())
            }
            _ if broken.error().is_user() => return Err(Failure::Unreadable),
            _ => return Err(Failure::Broken),
        };
    }
}

/// Passes an answer on as it comes.
fn relay(answer: Response<Incoming>, way: Way) -> Response<Download> {
    let (mut head, body) = answer.into_parts();
    headers::go_out(&mut head.headers, head.status);
    head.version = hyper::Version::HTTP_11;
    Response::from_parts(head, Download::of(body, way.passage, way.line))
}

/// Lets both sides go on in the protocol that they have agreed on; the request is under way for as long as they do.
fn switch(mut answer: Response<Incoming>, outside: OnUpgrade, way: Way) -> Response<Download> {
    let inside = hyper::upgrade::on(&mut answer);
    tokio::spawn(async move {
        if let (Ok(inside), Ok(outside)) = tokio::join!(inside, outside) {
            // Either side may hang up at any time; that is how connections end.
            let _ = copy_bidirectional(&mut TokioIo::new(inside), &mut TokioIo::new(outside)).await;
        }
        drop(way);
    });
    let (mut head, _) = answer.into_parts();
    headers::go_out(&mut head.headers, head.status);
    Response::from_parts(head, Download::empty())
}
