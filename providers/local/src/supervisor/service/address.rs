//! Where a service is reached: taking an address, and moving to another one.

use std::io;
use std::sync::Arc;

use super::Service;
use crate::supervisor::front::Front;
use crate::supervisor::port;
use crate::supervisor::protocol::Release;
use crate::supervisor::rollout::Rollout;

impl Service {
    /// Takes a new address before anything else is done; `None` when it is the present one, or can only be taken once that is given up.
    pub(super) async fn open_front(&self, release: &Release) -> Result<Option<Front>, String> {
        let wanted = (release.host.clone(), release.port);
        match &self.front {
            Some(front) if front.wanted == wanted || front.port == release.port => Ok(None),
            _ => self.listen(&wanted).await.map(Some),
        }
    }

    async fn listen(&self, (host, port): &(String, u16)) -> Result<Front, String> {
        Front::listen(host, *port, Arc::clone(&self.board)).await.map_err(|error| unavailable(host, *port, &error))
    }

    /// Moves to the address of a release that is ready; says whether it is another one.
    pub(super) async fn move_to(&mut self, rollout: &mut Rollout) -> Result<bool, String> {
        let wanted = (rollout.keeper.release.host.clone(), rollout.keeper.release.port);
        if let Some(front) = rollout.front.take() {
            if let Some(before) = self.front.replace(front) {
                before.close().await;
            }
            return Ok(true);
        }
        match &self.front {
            Some(front) if front.wanted != wanted => self.move_front(&wanted).await.map(|()| true),
            _ => Ok(false),
        }
    }

    /// Listens on another address of the same port, which the present socket may stand in the way of.
    async fn move_front(&mut self, wanted: &(String, u16)) -> Result<(), String> {
        let Some(before) = self.front.take() else { return Ok(()) };
        let old = before.wanted.clone();
        before.close().await;
        match self.listen(wanted).await {
            Ok(front) => {
                self.front = Some(front);
                Ok(())
            }
            Err(why) => {
                self.front = Some(self.listen(&old).await?);
                Err(why)
            }
        }
    }
}

/// Why an address cannot be listened on.
fn unavailable(host: &str, port: u16, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            let holder = port::holder(port).map_or_else(String::new, |holder| format!(" by {holder}"));
            format!("port {port} on {host} is already in use{holder}; stop that process, or choose another `port`")
        }
        io::ErrorKind::PermissionDenied => format!("this user may not listen on port {port}; choose a port above 1023"),
        _ => format!("cannot listen on {host}, port {port}: {error}; look at `host` and `port`"),
    }
}
