//! Bodies that pass through piece by piece, in both directions.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::sync::watch;
use tokio::time::sleep;

use super::pool::Line;
use crate::supervisor::upstream::Passage;

/// How long a client that asked whether to go on waits for the program's answer; a program that does not know the question never answers it.
/// RFC 9110, section 10.1.1, asks clients not to wait for ever. A choice of this project.
const HESITATION: Duration = Duration::from_secs(1);

/// The body of a request on its way in.
pub struct Upload {
    incoming: Option<Incoming>,
    /// Ends when the client may be asked for the body.
    held: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Upload {
    /// A body that is passed on as it comes.
    pub fn new(incoming: Incoming) -> Self {
        Self { incoming: Some(incoming), held: None }
    }

    /// No body.
    pub fn empty() -> Self {
        Self { incoming: None, held: None }
    }

    /// A body that the client does not send before it is told to: it is not asked for until the program says so.
    pub fn held_until(incoming: Incoming, mut wanted: watch::Receiver<bool>) -> Self {
        let held = Box::pin(async move {
            // Whoever would ask is gone once the answer is there: then the body is not wanted any more.
            let wanted = async { wanted.wait_for(|wanted| *wanted).await.is_ok() };
            tokio::select! {
                true = wanted => {}
                () = sleep(HESITATION) => {}
            }
        });
        Self { incoming: Some(incoming), held: Some(held) }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        if let Some(held) = &mut self.held {
            ready!(held.as_mut().poll(context));
            self.held = None;
        }
        match &mut self.incoming {
            Some(incoming) => Pin::new(incoming).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or(SizeHint::with_exact(0), Incoming::size_hint)
    }
}

/// The body of an answer on its way out.
pub enum Download {
    /// One of the front's own.
    Own(Option<Bytes>),
    /// The program's.
    Program(Box<Relayed>),
}

/// A program's body. While it lasts, its request is under way; when it ends, its connection can take the next one.
pub struct Relayed {
    incoming: Incoming,
    way: Option<(Passage, Line)>,
}

impl Download {
    /// A text of the front's own.
    pub fn text(text: String) -> Self {
        Self::Own(Some(Bytes::from(text)))
    }

    /// No body.
    pub fn empty() -> Self {
        Self::Own(None)
    }

    /// A program's body, and the way that it came.
    pub fn of(incoming: Incoming, passage: Passage, line: Line) -> Self {
        let mut relayed = Relayed { incoming, way: Some((passage, line)) };
        if relayed.incoming.is_end_stream() {
            relayed.end();
        }
        Self::Program(Box::new(relayed))
    }
}

impl Relayed {
    fn break_off(&mut self) {
        if let Some((passage, _)) = self.way.take() {
            passage.broke();
        }
    }

    fn end(&mut self) {
        let Some((passage, mut line)) = self.way.take() else { return };
        let backend = Arc::clone(&passage.backend);
        tokio::spawn(async move {
            // A connection that the program closes is of no further use.
            if line.ready().await.is_ok() {
                backend.pool.give(line);
            }
        });
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let relayed = match &mut *self {
            Self::Own(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Program(relayed) => relayed,
        };
        let frame = ready!(Pin::new(&mut relayed.incoming).poll_frame(context));
        let has_more = matches!(frame, Some(Ok(_))) && !relayed.incoming.is_end_stream();
        match &frame {
            Some(Err(_)) => relayed.break_off(),
            _ if !has_more => relayed.end(),
            _ => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(bytes) => bytes.is_none(),
            Self::Program(relayed) => relayed.incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Program(relayed) => relayed.incoming.size_hint(),
        }
    }
}
