//! The public side of a service: the listening socket, and each connection passed on to the release that it is for.

mod body;
mod cors;
mod headers;
mod http;
mod passing;
mod pool;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::protocol::Protocol;
use super::switchboard::Switchboard;
use super::upstream::{Passage, Upstream};
pub use pool::Pool;

/// How long answers may take to reach their clients once the programs have ended.
const FLUSH: Duration = Duration::from_secs(2);

/// A listening socket that passes connections on.
pub struct Front {
    /// What was asked for: an address and a port, 0 for any.
    pub wanted: (String, u16),
    /// The port that it is.
    pub port: u16,
    accepting: JoinHandle<()>,
    /// Whether clients are to be let go; dropped by every connection that is understood, when it ends.
    closing: watch::Sender<bool>,
}

impl Front {
    /// Listens.
    pub async fn listen(host: &str, port: u16, board: Arc<Switchboard>) -> io::Result<Self> {
        let listener = TcpListener::bind((host, port)).await?;
        let bound = listener.local_addr()?.port();
        let (closing, close) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, board, close));
        Ok(Self { wanted: (host.to_owned(), port), port: bound, accepting, closing })
    }

    /// Closes the socket. Connections that are there stay until their requests are answered, those that wait for none are closed.
    pub async fn close(self) -> Closed {
        self.accepting.abort();
        // It ends by being aborted, which is what is wanted.
        let _ = self.accepting.await;
        self.closing.send_replace(true);
        Closed(self.closing)
    }
}

/// A front whose last connections end.
pub struct Closed(watch::Sender<bool>);

impl Closed {
    /// Waits until the last answers have left, as far as their clients take them.
    pub async fn flushed(self) {
        // Whoever does not take its answer by then is not waited for.
        let _ = timeout(FLUSH, self.0.closed()).await;
    }
}

async fn accept(listener: TcpListener, board: Arc<Switchboard>, closing: watch::Receiver<bool>) {
    loop {
        match listener.accept().await {
            Ok((stream, client)) => {
                tokio::spawn(serve(stream, client, Arc::clone(&board), closing.clone()));
            }
            // Too many open files, most of the time: some will close.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn serve(outside: TcpStream, client: SocketAddr, board: Arc<Switchboard>, closing: watch::Receiver<bool>) {
    // Small answers must not wait for larger ones.
    let _ = outside.set_nodelay(true);
    let Some(release) = board.next_soon().await else { return };
    match release.rules.protocol {
        Protocol::Tcp => {
            drop(closing);
            pass_on(outside, &release, &board).await;
        }
        Protocol::Http => http::serve(outside, client.ip(), &release, board, closing).await,
    }
}

async fn pass_on(mut outside: TcpStream, release: &Arc<Upstream>, board: &Switchboard) {
    let mut avoid = Vec::new();
    while let Some(passage) = board.enter_soon(Some(release.op), &avoid).await {
        let Ok(mut inside) = connect(&passage).await else {
            // It has just died; another one may live.
            avoid.push(Arc::clone(&passage.backend));
            continue;
        };
        passage.upstream.count(false);
        // Either side may hang up at any time; that is how connections end.
        if copy_bidirectional(&mut outside, &mut inside).await.is_err() {
            passage.broke();
        }
        return;
    }
}

/// A connection to a process.
async fn connect(passage: &Passage) -> io::Result<TcpStream> {
    let inside = TcpStream::connect((Ipv4Addr::LOCALHOST, passage.backend.port)).await?;
    let _ = inside.set_nodelay(true);
    Ok(inside)
}
