//! One client that speaks HTTP/1.1: its connection outlives releases, its requests do not.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use siac_core::model::identity::OpId;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::body::Download;
use super::passing::Outgoing;
use super::{cors, headers};
use crate::supervisor::switchboard::Switchboard;
use crate::supervisor::upstream::Upstream;

/// How long a client may take to send a request's head, and a connection may wait for its next request. A choice of this project.
const IDLE: Duration = Duration::from_secs(75);
/// The most bytes that the head of a request or answer may have. A choice of this project.
pub const MAX_HEAD: usize = 64 << 10;
/// The most headers that a request or answer may have. A choice of this project.
pub const MAX_HEADERS: usize = 200;

/// A client's connection.
struct Client {
    board: Arc<Switchboard>,
    address: IpAddr,
    /// The release that it stays with while that has a share.
    release: Mutex<OpId>,
}

/// Answers a client until it has had enough, or the front closes.
pub async fn serve(
    stream: TcpStream,
    address: IpAddr,
    release: &Arc<Upstream>,
    board: Arc<Switchboard>,
    mut closing: watch::Receiver<bool>,
) {
    let client = Arc::new(Client { board, address, release: Mutex::new(release.op) });
    let service = service_fn(move |request| {
        let client = Arc::clone(&client);
        async move { Ok::<_, Infallible>(client.answer(request).await) }
    });
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(IDLE).preserve_header_case(true);
    builder.max_header_size(MAX_HEAD).max_headers(MAX_HEADERS);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    tokio::select! {
        // How a client's connection ends is the client's affair.
        _ = connection.as_mut() => return,
        _ = closing.wait_for(|closing| *closing) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

impl Client {
    async fn answer(&self, request: Request<Incoming>) -> Response<Download> {
        let (head, body) = request.into_parts();
        if let Some((status, why)) = headers::refusal(&head) {
            return own(status, why);
        }
        let Some(release) = self.release() else {
            return own(StatusCode::SERVICE_UNAVAILABLE, "the service is stopping");
        };
        let Some(rule) = &release.rules.cors else { return self.pass_on(&release, head, body).await };
        if cors::is_preflight(&head) {
            return permission(cors::permission(rule, &head.headers));
        }
        let origin = head.headers.get(header::ORIGIN).cloned();
        let mut answer = self.pass_on(&release, head, body).await;
        cors::replace(rule, origin.as_ref(), answer.headers_mut());
        answer
    }

    /// The release that the client's next request is for.
    fn release(&self) -> Option<Arc<Upstream>> {
        let mut stays_with = self.release.lock().unwrap_or_else(PoisonError::into_inner);
        let release = self.board.sharing(*stays_with).or_else(|| self.board.next())?;
        *stays_with = release.op;
        Some(release)
    }

    async fn pass_on(&self, release: &Arc<Upstream>, head: request::Parts, body: Incoming) -> Response<Download> {
        let outgoing = Outgoing::new(head, body, self.address);
        outgoing.answered(&self.board, release).await.unwrap_or_else(|failure| {
            let (status, why) = failure.told();
            own(status, why)
        })
    }
}

/// An answer of the front's own.
fn own(status: StatusCode, why: &str) -> Response<Download> {
    let mut answer = Response::new(Download::text(format!("{status}: {why}\n")));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

/// What a page may do.
fn permission(headers: HeaderMap) -> Response<Download> {
    let mut answer = Response::new(Download::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    *answer.headers_mut() = headers;
    answer
}
