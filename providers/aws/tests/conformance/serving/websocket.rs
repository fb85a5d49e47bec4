//! As much of a WebSocket client as a test needs: RFC 6455, short text frames.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value as Json;

/// How long a message is awaited.
const PATIENCE: Duration = Duration::from_secs(30);

/// An open connection.
pub struct Socket(BufReader<TcpStream>);

impl Socket {
    /// Connects, and shakes hands.
    pub fn open(url: &str) -> Self {
        let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap();
        let stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut socket = Self(BufReader::new(stream));
        let request = format!(
            "GET /{path} HTTP/1.1\r\nhost: {host}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        socket.0.get_mut().write_all(request.as_bytes()).unwrap();
        let mut status = String::new();
        socket.0.read_line(&mut status).unwrap();
        assert!(status.contains(" 101 "), "{status}");
        let mut line = status;
        while line != "\r\n" {
            line.clear();
            assert!(socket.0.read_line(&mut line).unwrap() > 0, "the handshake breaks off");
        }
        socket
    }

    /// Sends a text of fewer than 126 bytes, masked with zeros, as a client must mask.
    pub fn send(&mut self, text: &str) {
        let length = u8::try_from(text.len()).ok().filter(|length| *length < 126).unwrap();
        let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat();
        self.0.get_mut().write_all(&frame).unwrap();
    }

    /// The next text message.
    pub fn receive(&mut self) -> Json {
        loop {
            let (opcode, payload) = self.frame();
            match opcode {
                1 => return serde_json::from_slice(&payload).unwrap(),
                8 => panic!("the connection was closed: {payload:?}"),
                _ => {}
            }
        }
    }

    fn frame(&mut self) -> (u8, Vec<u8>) {
        let [first, second] = self.bytes::<2>();
        let length = match second & 0x7f {
            126 => u64::from(u16::from_be_bytes(self.bytes())),
            127 => u64::from_be_bytes(self.bytes()),
            short => u64::from(short),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).unwrap();
        (first & 0x0f, payload)
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).unwrap();
        bytes
    }
}
