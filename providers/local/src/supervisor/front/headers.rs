//! Headers between two connections: which of them end here, and what is added (RFC 9110, section 7.6.1).

use std::net::IpAddr;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{StatusCode, Uri, Version, http::request, http::uri::PathAndQuery};

/// Headers that are about one connection only, besides those that `Connection` names.
const OF_ONE_CONNECTION: [HeaderName; 6] = [
    header::CONNECTION,
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("keep-alive"),
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Whether a list of words, over all headers of a name, holds a word.
fn names(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    words(headers, name).any(|found| found.eq_ignore_ascii_case(word))
}

fn words<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> + use<'a> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Whether a request asks to go on in another protocol.
pub fn asks_for_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE) && names(headers, &header::CONNECTION, "upgrade")
}

/// Whether a client waits to be told before it sends a body.
pub fn waits_to_continue(headers: &HeaderMap) -> bool {
    names(headers, &header::EXPECT, "100-continue")
}

/// Takes away what is about one connection only.
fn end_here(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> =
        words(headers, &header::CONNECTION).filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect();
    for name in named.iter().chain(&OF_ONE_CONNECTION) {
        headers.remove(name);
    }
}

/// Why a request is not passed on, if it may not be.
pub fn refusal(request: &request::Parts) -> Option<(StatusCode, &'static str)> {
    let hosts = request.headers.get_all(header::HOST).into_iter().count();
    let has_host = hosts == 1 || (hosts == 0 && (request.version < Version::HTTP_11 || request.uri.host().is_some()));
    if request.method == hyper::Method::CONNECT {
        Some((StatusCode::NOT_IMPLEMENTED, "tunnels by CONNECT are not offered"))
    } else if !has_host {
        Some((StatusCode::BAD_REQUEST, "a request needs one `Host` header"))
    } else {
        None
    }
}

/// Makes the head of a request from a client the head of a request to a program.
pub fn go_in(request: &mut request::Parts, client: IpAddr) {
    let headers = &mut request.headers;
    let upgrade = asks_for_upgrade(headers).then(|| headers.get(header::UPGRADE).cloned()).flatten();
    let takes_trailers = names(headers, &header::TE, "trailers");
    if headers.contains_key(header::TRANSFER_ENCODING) {
        // Two opinions about where a body ends must not go further than here (RFC 9112, section 6.3).
        headers.remove(header::CONTENT_LENGTH);
    }
    end_here(headers);
    if takes_trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.append(header::CONNECTION, HeaderValue::from_static("te"));
    }
    if let Some(protocol) = upgrade {
        headers.insert(header::UPGRADE, protocol);
        headers.append(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
    address(request);
    forward(&mut request.headers, client);
    request.version = Version::HTTP_11;
}

/// Gives the request a `Host`, and a path for a target.
fn address(request: &mut request::Parts) {
    let Some(authority) = request.uri.authority() else {
        request.headers.entry(header::HOST).or_insert(HeaderValue::from_static("localhost"));
        return;
    };
    // What the target says counts (RFC 9112, section 3.2.2).
    if let Ok(authority) = HeaderValue::from_str(authority.as_str()) {
        request.headers.insert(header::HOST, authority);
    }
    let path = request.uri.path_and_query().cloned();
    request.uri = Uri::from(path.unwrap_or(PathAndQuery::from_static("/")));
}

/// Says for whom the request is passed on. What an earlier proxy has said of the protocol and host stays.
fn forward(headers: &mut HeaderMap, client: IpAddr) {
    let before: Vec<&str> = words(headers, &FORWARDED_FOR).collect();
    let chain = before.into_iter().map(str::to_owned).chain([client.to_canonical().to_string()]);
    if let Ok(chain) = HeaderValue::from_str(&chain.collect::<Vec<_>>().join(", ")) {
        headers.insert(FORWARDED_FOR, chain);
    }
    headers.entry(FORWARDED_PROTO).or_insert(HeaderValue::from_static("http"));
    if let Some(host) = headers.get(header::HOST).cloned() {
        headers.entry(FORWARDED_HOST).or_insert(host);
    }
    headers.append(header::VIA, HeaderValue::from_static("1.1 siac"));
}

/// Makes the headers of an answer from a program the headers of an answer to a client.
pub fn go_out(headers: &mut HeaderMap, status: StatusCode) {
    let upgrade = headers.get(header::UPGRADE).filter(|_| status == StatusCode::SWITCHING_PROTOCOLS).cloned();
    end_here(headers);
    if let Some(protocol) = upgrade {
        headers.insert(header::UPGRADE, protocol);
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    const CLIENT: [u8; 4] = [192, 0, 2, 7];

    fn parts(target: &str, headers: &[(&str, &str)]) -> request::Parts {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn told(headers: &HeaderMap) -> Vec<String> {
        let mut told: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        told.sort();
        told
    }

    #[test]
    fn what_is_about_one_connection_ends_here() {
        let mut request = parts(
            "/a",
            &[
                ("host", "h"),
                ("connection", "keep-alive, X-Once"),
                ("x-once", "1"),
                ("keep-alive", "timeout=5"),
                ("proxy-connection", "keep-alive"),
                ("transfer-encoding", "chunked"),
                ("content-length", "5"),
                ("te", "gzip;q=0.5, trailers"),
                ("upgrade", "websocket"),
                ("trailer", "x-sum"),
                ("accept", "*/*"),
            ],
        );
        go_in(&mut request, CLIENT.into());
        let expected = [
            "accept: */*",
            "connection: te",
            "host: h",
            "te: trailers",
            "trailer: x-sum",
            "via: 1.1 siac",
            "x-forwarded-for: 192.0.2.7",
            "x-forwarded-host: h",
            "x-forwarded-proto: http",
        ];
        assert_eq!(told(&request.headers), expected);
    }

    #[test]
    fn an_upgrade_is_asked_for_anew_and_only_answered_when_it_happens() {
        let mut request = parts("/a", &[("host", "h"), ("connection", "Upgrade"), ("upgrade", "websocket")]);
        assert!(asks_for_upgrade(&request.headers));
        go_in(&mut request, CLIENT.into());
        assert_eq!(
            (&request.headers["connection"], &request.headers["upgrade"]),
            (&HeaderValue::from_static("upgrade"), &HeaderValue::from_static("websocket"))
        );
        let answer = || parts("/", &[("connection", "Upgrade"), ("upgrade", "websocket"), ("x", "1")]).headers;
        let (mut refused, mut switched) = (answer(), answer());
        go_out(&mut refused, StatusCode::OK);
        go_out(&mut switched, StatusCode::SWITCHING_PROTOCOLS);
        assert_eq!(told(&refused), ["x: 1"]);
        assert_eq!(told(&switched), ["connection: upgrade", "upgrade: websocket", "x: 1"]);
    }

    #[test]
    fn the_way_so_far_is_told() {
        let mut request = parts(
            "/",
            &[
                ("host", "h"),
                ("x-forwarded-for", "198.51.100.1"),
                ("x-forwarded-proto", "https"),
                ("x-forwarded-host", "o"),
            ],
        );
        go_in(&mut request, "::ffff:192.0.2.7".parse().unwrap());
        assert_eq!(request.headers["x-forwarded-for"], "198.51.100.1, 192.0.2.7");
        assert_eq!(
            (&request.headers["x-forwarded-proto"], &request.headers["x-forwarded-host"]),
            (&HeaderValue::from_static("https"), &HeaderValue::from_static("o"))
        );
    }

    #[test]
    fn a_whole_address_becomes_a_path_and_a_host() {
        let mut request = parts("http://real:80/a?b", &[("host", "other")]);
        go_in(&mut request, CLIENT.into());
        assert_eq!(
            (request.uri.to_string().as_str(), &request.headers["host"]),
            ("/a?b", &HeaderValue::from_static("real:80"))
        );
        let mut request = parts("*", &[("host", "h")]);
        go_in(&mut request, CLIENT.into());
        assert_eq!(request.uri, "*");
    }

    #[test]
    fn a_request_without_a_host_or_for_a_tunnel_is_refused() {
        let refused = |request: request::Parts| refusal(&request).map(|(status, _)| status.as_u16());
        let (mut old, mut tunnel) = (parts("/", &[]), parts("h:1", &[]));
        old.version = Version::HTTP_10;
        tunnel.method = hyper::Method::CONNECT;
        assert_eq!(refused(parts("/", &[("host", "h")])), None);
        assert_eq!(refused(parts("/", &[])), Some(400));
        assert_eq!(refused(parts("/", &[("host", "h"), ("host", "i")])), Some(400));
        assert_eq!(refused(old), None);
        assert_eq!(refused(tunnel), Some(501));
    }
}
