//! What stands before a WebSocket server.

use super::access::Auth;
use super::function::Handler;

/// What stands before a WebSocket server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebSocketApi {
    /// A managed front holds the connections, and calls a function for each thing that happens to one. No server of one's own runs.
    Events {
        /// How callers prove who they are when they connect; `None` leaves that to the program.
        auth: Option<Auth>,
    },
    /// An unchanged server with real sockets, where such servers can run. How callers prove who they are is left to it.
    Server,
}

/// The functions that are called for the things that happen to a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    pub(super) connect: Option<Handler>,
    pub(super) disconnect: Option<Handler>,
    pub(super) message: Handler,
}

impl Events {
    /// When somebody connects; it may refuse.
    pub fn connect(&self) -> Option<&Handler> {
        self.connect.as_ref()
    }

    /// When a connection has ended.
    pub fn disconnect(&self) -> Option<&Handler> {
        self.disconnect.as_ref()
    }

    /// When a message arrives.
    pub fn message(&self) -> &Handler {
        &self.message
    }
}
