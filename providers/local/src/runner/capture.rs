//! Keeping a bounded part of what a process writes, without its secrets.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::process::scrub;

/// Which part of a stream is kept, and how much of it, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The beginning.
    Beginning(usize),
    /// The end.
    End(usize),
}

/// What is kept of a stream. It can be asked at any time, also while the stream is still open.
#[derive(Clone)]
pub struct Captured {
    part: Part,
    /// How much more is kept than is told, so that a secret at the cut is whole when it is scrubbed.
    margin: usize,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Captured {
    /// Nothing yet. `secrets` must not be told later.
    pub fn new(part: Part, secrets: &[String]) -> Self {
        let margin = secrets.iter().map(String::len).max().unwrap_or(0);
        Self { part, margin, bytes: Arc::default() }
    }

    /// Reads a stream to its end and keeps the part; the rest is read and dropped, so that the writer is never held up.
    pub async fn follow(self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else { return };
        let mut buffer = vec![0; 8 << 10];
        while let Ok(read) = stream.read(&mut buffer).await {
            if read == 0 {
                break;
            }
            self.keep(&buffer[..read]);
        }
    }

    fn keep(&self, more: &[u8]) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        match self.part {
            Part::Beginning(limit) => {
                let room = (limit + self.margin).saturating_sub(bytes.len());
                bytes.extend(&more[..room.min(more.len())]);
            }
            Part::End(limit) => {
                bytes.extend(more);
                let excess = bytes.len().saturating_sub(limit + self.margin);
                bytes.drain(..excess);
            }
        }
    }

    /// What is kept, as text without secrets.
    pub fn text(&self, secrets: &[String]) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let text = scrub(&String::from_utf8_lossy(&bytes), secrets);
        let is_cut = |limit: usize| bytes.len() > limit && text.len() > limit;
        match self.part {
            Part::Beginning(limit) if is_cut(limit) => text[..text.floor_char_boundary(limit)].to_owned(),
            Part::End(limit) if is_cut(limit) => text[text.ceil_char_boundary(text.len() - limit)..].to_owned(),
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn captured(part: Part, stream: &[u8], secrets: &[String]) -> String {
        let captured = Captured::new(part, secrets);
        captured.clone().follow(Some(stream)).await;
        captured.text(secrets)
    }

    #[tokio::test]
    async fn a_part_is_bounded() {
        let stream = [b"a".repeat(20_000), b"z".repeat(20_000)].concat();
        assert_eq!(captured(Part::Beginning(10), &stream, &[]).await, "a".repeat(10));
        assert_eq!(captured(Part::End(10), &stream, &[]).await, "z".repeat(10));
        assert_eq!(captured(Part::End(10), b"short", &[]).await, "short");
    }

    #[tokio::test]
    async fn a_secret_at_the_cut_is_not_told_in_part() {
        let secrets = ["hunter2".to_owned()];
        for part in [Part::Beginning(10), Part::End(10)] {
            let text = captured(part, b"1234567hunter2654321", &secrets).await;
            assert!(!text.contains("hun") && !text.contains("r2"), "{text}");
        }
    }
}
