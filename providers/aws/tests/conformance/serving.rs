//! The two stacks that serve something: applied, called, changed, brought back to the code of before by an alias, destroyed.

mod websocket;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value as Json, json};
use siac_core::model::snapshot::{Snapshot, Status};

use crate::house::{Goal, House, Report};
use websocket::Socket;

/// A file or folder of the repository, copied into the house.
fn copy(house: &House, path: &str) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        house.write(&format!("{path}/{name}"), &std::fs::read_to_string(entry.path()).unwrap());
    }
}

fn stack(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stacks").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The run went to its end.
fn complete(report: Result<Report, String>) -> Snapshot {
    let report = report.unwrap();
    assert_eq!(report.status, Some(Status::Complete), "{:?} {:#?}", report.failures, report.changes);
    report.snapshot
}

fn output(snapshot: &Snapshot, name: &str) -> String {
    snapshot.outputs[name].value.as_str().unwrap().to_owned()
}

/// Calls an HTTP API as a browser would; the status and the answer.
async fn call(house: &House, api: &str, method: &str, path: &str, body: &str) -> (u16, Json) {
    let upstream = house.emulator.upstream().replace("http://", "");
    let request = format!(
        "{method} /_aws/execute-api/{api}/$default{path} HTTP/1.1\r\nhost: {upstream}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(upstream).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = asked.await.unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    let begin = answer.find("{\"").unwrap_or(answer.len());
    let end = answer.rfind('}').map_or(begin, |end| end + 1);
    (status, serde_json::from_str(&answer[begin..end.max(begin)]).unwrap_or(Json::Null))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rest_api_serves_changes_and_goes_back() {
    let mut house = House::new().await;
    house.name = "aws-rest-api";
    copy(&house, "services/aws-rest-api");
    let first = stack("aws-rest-api.toml");
    let before = complete(house.run(Goal::Whole(&first)).await);
    let api = output(&before, "api");
    assert_eq!(output(&before, "version"), "1");
    let (status, health) = call(&house, &api, "GET", "/health", "").await;
    assert_eq!((status, health), (200, json!({ "status": "ok", "release": "1" })));
    let (status, made) = call(&house, &api, "POST", "/items", r#"{"name":"one"}"#).await;
    assert_eq!((status, &made["name"]), (201, &json!("one")));
    let (status, found) = call(&house, &api, "GET", &format!("/items/{}", made["id"].as_str().unwrap()), "").await;
    assert_eq!((status, found), (200, made));

    let second = first.replace("default     = \"1\"", "default     = \"2\"");
    house.write("services/aws-rest-api/more.mjs", "export const more = true;\n");
    let after = complete(house.run(Goal::Whole(&second)).await);
    assert_eq!(output(&after, "version"), "2");
    assert_eq!(call(&house, &api, "GET", "/health", "").await.1["release"], "2");

    let back = complete(house.run(Goal::Rollback(before.serial)).await);
    assert_eq!(output(&back, "version"), "1", "the version of before is found again");
    assert_eq!(call(&house, &api, "GET", "/health", "").await.1["release"], "1");
    assert_eq!(house.emulator.proxy().count("lambda.PublishVersion "), 2, "nothing is published to go back");
    assert_eq!(house.emulator.proxy().count("lambda.UpdateAlias "), 2, "there and back");

    complete(house.run(Goal::Nothing).await);
    assert_eq!(house.emulator.left().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_chat_room_delivers_changes_and_goes_back() {
    let mut house = House::new().await;
    house.name = "aws-websocket";
    copy(&house, "services/aws-websocket");
    let callback = format!("default     = \"{}/_aws/execute-api\"", house.emulator.upstream());
    let first = stack("aws-websocket.toml").replace("default     = \"\"", &callback);
    let before = complete(house.run(Goal::Whole(&first)).await);
    let url = format!("{}/_aws/execute-api/{}/live", house.emulator.upstream(), output(&before, "api"));
    says(&url, "1").await;

    let second = first.replace("default     = \"1\"", "default     = \"2\"");
    let after = complete(house.run(Goal::Whole(&second)).await);
    assert_eq!((output(&before, "version"), output(&after, "version")), ("1".to_owned(), "2".to_owned()));
    says(&url, "2").await;

    complete(house.run(Goal::Rollback(before.serial)).await);
    says(&url, "1").await;
    assert_eq!(house.emulator.proxy().count("lambda.PublishVersion "), 2, "nothing is published to go back");

    complete(house.run(Goal::Nothing).await);
    assert_eq!(house.emulator.left().await, Vec::<String>::new());
}

/// Two are in the room; what one says both hear, from this release.
async fn says(url: &str, release: &str) {
    let (url, release) = (url.to_owned(), release.to_owned());
    let talked = tokio::task::spawn_blocking(move || {
        let (mut one, mut other) = (Socket::open(&url), Socket::open(&url));
        one.send(r#"{"action":"say","text":"hello"}"#);
        // The message to all and the answer to the speaker come in any order.
        let heard = [one.receive(), one.receive()];
        let delivered = heard.iter().find(|it| it.get("delivered").is_some()).expect("the speaker is answered");
        assert_eq!(delivered["delivered"], 2);
        let message = heard.iter().find(|it| it.get("text").is_some()).expect("the speaker hears it too");
        assert_eq!((&message["text"], &message["release"]), (&json!("hello"), &json!(release)));
        assert_eq!(&other.receive(), message);
        other.send("what?");
        assert!(other.receive()["error"].is_string(), "what is no message is answered");
    });
    talked.await.unwrap();
}
