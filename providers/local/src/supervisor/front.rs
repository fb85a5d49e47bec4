//! The public side of a service: the listening socket, and each connection passed on to the release that serves.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// How long a connection waits for a child that is being started again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Held by every connection to a release; when all are dropped, the release has drained.
pub type Token = mpsc::Sender<()>;

/// What a release has been given.
#[derive(Debug, Default)]
pub struct Counts {
    open: AtomicU64,
    taken: AtomicU64,
}

impl Counts {
    /// How many connections are open.
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// How many were passed on.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }
}

/// Counts one connection while it lasts.
struct Counted(Arc<Counts>);

impl Counted {
    fn new(counts: &Arc<Counts>) -> Self {
        counts.open.fetch_add(1, Ordering::Relaxed);
        counts.taken.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counts))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where connections go.
#[derive(Clone)]
pub struct Target {
    /// The private port.
    pub port: u16,
    /// Where they are counted.
    pub counts: Arc<Counts>,
    /// To be held while a connection lasts.
    pub token: Token,
}

/// A listening socket that passes connections on.
pub struct Front {
    /// What was asked for: an address and a port, 0 for any.
    pub wanted: (String, u16),
    /// The port that it is.
    pub port: u16,
    accepting: JoinHandle<()>,
}

impl Front {
    /// Listens.
    pub async fn listen(host: &str, port: u16, targets: watch::Receiver<Option<Target>>) -> io::Result<Self> {
        let listener = TcpListener::bind((host, port)).await?;
        let bound = listener.local_addr()?.port();
        let accepting = tokio::spawn(accept(listener, targets));
        Ok(Self { wanted: (host.to_owned(), port), port: bound, accepting })
    }

    /// Closes the socket; connections that are there stay.
    pub async fn close(self) {
        self.accepting.abort();
        // It ends by being aborted, which is what is wanted.
        let _ = self.accepting.await;
    }
}

async fn accept(listener: TcpListener, targets: watch::Receiver<Option<Target>>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(pass_on(stream, targets.clone()));
            }
            // Too many open files, most of the time: some will close.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn pass_on(mut outside: TcpStream, mut targets: watch::Receiver<Option<Target>>) {
    // The answer of `wait_for` holds the channel's lock, so the target is cloned out of it at once.
    let there = timeout(PATIENCE, targets.wait_for(Option::is_some)).await;
    let Some(target) = there.ok().and_then(Result::ok).and_then(|target| target.clone()) else { return };
    if let Ok(mut inside) = TcpStream::connect((Ipv4Addr::LOCALHOST, target.port)).await {
        // Small answers must not wait for larger ones.
        let _ = (outside.set_nodelay(true), inside.set_nodelay(true));
        let _counted = Counted::new(&target.counts);
        // Either side may hang up at any time; that is how connections end.
        let _ = copy_bidirectional(&mut outside, &mut inside).await;
    }
    drop(target.token);
}
