//! What the front says to pages of other origins, in the program's place (the Fetch standard, section "CORS protocol").

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, http::request};

use crate::supervisor::protocol::Cors;

/// The methods that a page may use when the stack does not say.
const USUAL_METHODS: [&str; 6] = ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"];

/// Whether a browser asks what a page may do.
pub fn is_preflight(request: &request::Parts) -> bool {
    let asks = [header::ORIGIN, header::ACCESS_CONTROL_REQUEST_METHOD];
    request.method == Method::OPTIONS && asks.iter().all(|name| request.headers.contains_key(name))
}

/// The headers of the answer to that question; none that allows anything when the origin is not one of ours.
pub fn permission(cors: &Cors, asked: &HeaderMap) -> HeaderMap {
    let mut answer = HeaderMap::new();
    if !allow_origin(cors, asked.get(header::ORIGIN), &mut answer) {
        return answer;
    }
    let wanted = || asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let usual = || HeaderValue::from_str(&USUAL_METHODS.join(", ")).ok();
    set(&mut answer, header::ACCESS_CONTROL_ALLOW_METHODS, list(&cors.methods).or_else(usual));
    set(&mut answer, header::ACCESS_CONTROL_ALLOW_HEADERS, list(&cors.headers).or_else(wanted));
    set(&mut answer, header::ACCESS_CONTROL_MAX_AGE, cors.max_age.map(|age| HeaderValue::from(age.as_secs())));
    answer
}

/// Puts the front's words in the place of the program's.
pub fn replace(cors: &Cors, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
    let own: Vec<HeaderName> =
        answer.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
    for name in own {
        answer.remove(name);
    }
    if allow_origin(cors, origin, answer) {
        set(answer, header::ACCESS_CONTROL_EXPOSE_HEADERS, list(&cors.expose_headers));
    }
}

/// Allows the origin that asks, if it is one of ours.
fn allow_origin(cors: &Cors, origin: Option<&HeaderValue>, answer: &mut HeaderMap) -> bool {
    let any = cors.origins.iter().any(|origin| origin == "*");
    if !any {
        // A cache must not show one origin's answer to another.
        answer.append(header::VARY, HeaderValue::from_static("origin"));
    }
    let Some(origin) = origin else { return false };
    let is_ours = |ours: &String| origin.as_bytes().eq_ignore_ascii_case(ours.as_bytes());
    if !any && !cors.origins.iter().any(is_ours) {
        return false;
    }
    let allowed = if any { HeaderValue::from_static("*") } else { origin.clone() };
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    if cors.credentials {
        answer.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    true
}

fn list(words: &[String]) -> Option<HeaderValue> {
    (!words.is_empty()).then(|| HeaderValue::from_str(&words.join(", ")).ok()).flatten()
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn headers(entries: &[(&str, &str)]) -> HeaderMap {
        let named = |name: &&str| HeaderName::from_bytes(name.as_bytes()).unwrap();
        entries.iter().map(|(name, value)| (named(name), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn told(headers: &HeaderMap) -> Vec<String> {
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
    }

    fn of(origins: &[&str]) -> Cors {
        Cors { origins: origins.iter().map(|origin| (*origin).to_owned()).collect(), ..Cors::default() }
    }

    #[test]
    fn a_page_of_ours_may_do_what_the_stack_says() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let cors = Cors {
            methods: texts(&["GET", "PUT"]),
            headers: texts(&["x-a"]),
            credentials: true,
            max_age: Some(Duration::from_secs(60)),
            ..of(&["https://a.example"])
        };
        let asked = headers(&[("origin", "https://a.example"), ("access-control-request-headers", "x-b")]);
        let expected = [
            "vary: origin",
            "access-control-allow-origin: https://a.example",
            "access-control-allow-credentials: true",
            "access-control-allow-methods: GET, PUT",
            "access-control-allow-headers: x-a",
            "access-control-max-age: 60",
        ];
        assert_eq!(told(&permission(&cors, &asked)), expected);
    }

    #[test]
    fn what_the_stack_leaves_open_is_what_pages_usually_need() {
        let asked = headers(&[("origin", "https://b.example"), ("access-control-request-headers", "x-b")]);
        let expected = [
            "access-control-allow-origin: *",
            "access-control-allow-methods: GET, HEAD, PUT, PATCH, POST, DELETE",
            "access-control-allow-headers: x-b",
        ];
        assert_eq!(told(&permission(&of(&["*"]), &asked)), expected);
    }

    #[test]
    fn a_page_of_others_is_allowed_nothing_whatever_the_program_says() {
        let asked = headers(&[("origin", "https://evil.example")]);
        let mut answer =
            headers(&[("access-control-allow-origin", "*"), ("access-control-expose-headers", "x"), ("a", "b")]);
        replace(&of(&["https://a.example"]), asked.get("origin"), &mut answer);
        assert_eq!(told(&answer), ["a: b", "vary: origin"]);
        assert_eq!(told(&permission(&of(&["https://a.example"]), &asked)), ["vary: origin"]);
    }
}
