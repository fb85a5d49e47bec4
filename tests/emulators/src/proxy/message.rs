//! Just enough HTTP/1.1 to stand between a client and an emulator.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// The longest line of a head, in bytes. A choice of this project.
const LONGEST_LINE: u64 = 64 * 1024;

/// What a proxy does not pass on, because it is between two ends of one connection.
const OWN_HEADERS: [&str; 5] = ["connection", "content-length", "transfer-encoding", "expect", "keep-alive"];

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// Path and query, as they were sent.
    pub target: String,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        value_of(&self.headers, name)
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query without the question mark.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The service that it is signed for; none when it is not signed.
    pub fn signing_name(&self) -> Option<String> {
        let scope = self.header("authorization")?.split("Credential=").nth(1)?.split(',').next()?;
        scope.split('/').nth(3).map(str::to_owned)
    }

    pub(super) fn conditions(&self) -> Vec<String> {
        let conditional = self.headers.iter().filter(|(name, _)| name.starts_with("if-"));
        conditional.map(|(name, value)| format!("{name}: {value}")).collect()
    }

    pub(super) fn without(&self, names: &[String]) -> Self {
        let mut stripped = self.clone();
        stripped.headers.retain(|(name, _)| !names.contains(name));
        stripped
    }

    pub(super) fn to_bytes(&self, is_secure: bool) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in self.headers.iter().filter(|(name, _)| !OWN_HEADERS.contains(&name.as_str())) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if is_secure {
            head.push_str("x-forwarded-proto: https\r\n");
        }
        head.push_str(&format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len()));
        [head.as_bytes(), &self.body].concat()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// The length that the answer to HEAD speaks of.
    spoken_length: Option<String>,
}

impl Response {
    /// The same in other words: each of the first texts stands for the second one.
    pub(super) fn saying(self, words: &[(String, String)]) -> Self {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        let body = words.iter().fold(text, |text, (old, new)| text.replace(old, new)).into_bytes();
        Self { body, ..self }
    }

    pub(super) fn new(status: u16, content_type: &str, body: &str) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.as_bytes().to_vec(), spoken_length: None }
    }

    /// What a service says, in the words of the protocol that the request came in.
    pub(super) fn error(request: &Request, status: u16, code: &str, message: &str) -> Self {
        let escaped = message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let error = format!("<Code>{code}</Code><Message>{escaped}</Message>");
        let id = "<RequestId>proxy-request</RequestId>";
        if request.header("x-ms-version").is_some() {
            let body = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><Error>{error}</Error>");
            let mut response = Self::new(status, "application/xml", &body);
            response.add("x-ms-error-code", code);
            return response;
        }
        let form = request.header("content-type").is_some_and(|kind| kind.contains("x-www-form-urlencoded"));
        let mut response = match request.signing_name().as_deref() {
            Some("s3") => Self::new(status, "application/xml", &format!("<Error>{error}{id}</Error>")),
            Some(name) if form || name == "route53" => {
                let body = format!("<ErrorResponse><Error><Type>Sender</Type>{error}</Error>{id}</ErrorResponse>");
                Self::new(status, "text/xml", &body)
            }
            _ => {
                let body = serde_json::json!({ "__type": code, "message": message, "Message": message });
                Self::new(status, "application/x-amz-json-1.1", &body.to_string())
            }
        };
        for (name, value) in
            [("x-amzn-errortype", code), ("x-amz-request-id", "proxy-request"), ("x-amzn-requestid", "proxy-request")]
        {
            response.add(name, value);
        }
        response
    }

    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub(super) fn write(&self, mut stream: &TcpStream, is_head: bool) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {} -\r\n", self.status);
        for (name, value) in self.headers.iter().filter(|(name, _)| !OWN_HEADERS.contains(&name.as_str())) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let length = self.spoken_length.clone().unwrap_or_else(|| self.body.len().to_string());
        if !matches!(self.status, 204 | 304) {
            head.push_str(&format!("content-length: {length}\r\n"));
        }
        head.push_str("\r\n");
        let body: &[u8] = if is_head { &[] } else { &self.body };
        stream.write_all(&[head.as_bytes(), body].concat())
    }
}

/// Reads a request; none when the client has closed. A client that waits before it sends its body is told to go on.
pub(super) fn read_request(reader: &mut BufReader<&TcpStream>, mut stream: &TcpStream) -> io::Result<Option<Request>> {
    let Some(first) = read_line(reader)? else { return Ok(None) };
    let mut words = first.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or("/"));
    let headers = read_headers(reader)?;
    if value_of(&headers, "expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let length = value_of(&headers, "content-length").map(number).transpose()?;
    let body = match is_chunked(&headers) {
        true => read_chunks(reader)?,
        false => read_exactly(reader, length.unwrap_or(0))?,
    };
    Ok(Some(Request { method: method.to_owned(), target: target.to_owned(), headers, body }))
}

/// Reads an answer, its body to the end.
pub(super) fn read_response(reader: &mut BufReader<TcpStream>, is_head: bool) -> io::Result<Response> {
    let first = read_line(reader)?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
    let status = first.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(malformed)?;
    let headers = read_headers(reader)?;
    let spoken = value_of(&headers, "content-length").map(str::to_owned);
    let body = match &spoken {
        _ if is_head || matches!(status, 204 | 304) => Vec::new(),
        _ if is_chunked(&headers) => read_chunks(reader)?,
        Some(length) => read_exactly(reader, number(length)?)?,
        None => {
            let mut body = Vec::new();
            reader.read_to_end(&mut body)?;
            body
        }
    };
    Ok(Response { status, headers, body, spoken_length: spoken.filter(|_| is_head) })
}

fn value_of<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
}

fn is_chunked(headers: &[(String, String)]) -> bool {
    value_of(headers, "transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked"))
}

fn malformed() -> io::Error {
    io::Error::from(io::ErrorKind::InvalidData)
}

fn number(text: &str) -> io::Result<usize> {
    text.trim().parse().map_err(|_| malformed())
}

fn read_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
}

fn read_headers(reader: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    while let Some(line) = read_line(reader)?.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(malformed)?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(headers)
}

fn read_exactly(reader: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    let read = reader.by_ref().take(length as u64).read_to_end(&mut body)?;
    if read < length { Err(io::Error::from(io::ErrorKind::UnexpectedEof)) } else { Ok(body) }
}

fn read_chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(reader)?.ok_or_else(malformed)?;
        let length = line.split(';').next().and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
        match length.ok_or_else(malformed)? {
            0 => {
                read_headers(reader)?;
                return Ok(body);
            }
            length => body.extend(read_exactly(reader, length)?),
        }
        read_line(reader)?;
    }
}
