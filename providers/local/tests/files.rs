//! Files and folders that are not ours are left alone; drift is seen; data is read.

mod bench;

use std::fs;

use bench::{Bench, secret, with};
use siac_core::model::address::Mode;
use siac_core::model::identity::Digest;
use siac_core::model::snapshot::artifact_reference;
use siac_core::model::value::Value;
use siac_core::ports::{Catalogue, Fault, Provider, Verdict};

fn is_rejected(fault: &Fault, word: &str) -> bool {
    matches!(fault, Fault::Rejected { why } if why.contains(word))
}

#[tokio::test]
async fn a_strangers_file_is_not_overwritten_unless_asked_for() {
    let bench = Bench::new();
    fs::write(bench.path("a"), "theirs").unwrap();
    let ours = attributes! { "path": "a", "content": "ours" };
    let fault = bench.create("local_file", bench.op(), &ours).await.unwrap_err();
    assert!(is_rejected(&fault, "overwrite = true"), "{fault}");
    assert_eq!(bench.text("a"), "theirs");
    bench.create("local_file", bench.op(), &with(&ours, "overwrite", Value::Bool(true))).await.unwrap();
    assert_eq!(bench.text("a"), "ours");
}

#[tokio::test]
async fn a_file_that_was_changed_is_drift_and_is_not_deleted() {
    let bench = Bench::new();
    let ours = attributes! { "path": "a", "content": "ours" };
    let made = bench.create("local_file", bench.op(), &ours).await.unwrap();
    fs::write(bench.path("a"), "theirs").unwrap();
    let seen = bench.look("local_file", &made).await.unwrap();
    assert_eq!(seen.inputs.get("content"), Some(&Value::string("theirs")));
    assert_eq!(bench.plan("local_file", Some(&seen), &ours).verdict, Verdict::Update);
    let fault = bench.delete("local_file", bench.op(), &seen).await.unwrap_err();
    assert!(is_rejected(&fault, "not deleted"), "{fault}");
    let healed = bench.update("local_file", bench.op(), &seen, &ours).await.unwrap();
    bench.delete("local_file", bench.op(), &healed).await.unwrap();
    assert!(!bench.path("a").exists());
}

#[tokio::test]
async fn drift_in_a_secret_file_is_seen_and_stays_secret() {
    let bench = Bench::new();
    let ours = with(&attributes! { "path": "a" }, "content", secret("hunter2"));
    let made = bench.create("local_file", bench.op(), &ours).await.unwrap();
    assert!(matches!(made.outputs.get("sha256"), Some(Value::Hole(_))), "a digest of a secret is a secret");
    fs::write(bench.path("a"), "hunter3").unwrap();
    let seen = bench.look("local_file", &made).await.unwrap();
    assert!(matches!(seen.inputs.get("content"), Some(Value::Hole(_))));
    assert_eq!(bench.plan("local_file", Some(&seen), &ours).verdict, Verdict::Update);
}

#[tokio::test]
async fn drift_in_a_copy_is_told_as_another_artifact() {
    let bench = Bench::new();
    let ours = with(&attributes! { "path": "a" }, "source", bench.artifact(b"one".to_vec()));
    let made = bench.create("local_file", bench.op(), &ours).await.unwrap();
    fs::write(bench.path("a"), "two").unwrap();
    let seen = bench.look("local_file", &made).await.unwrap();
    assert_eq!(seen.inputs.get("source"), Some(&Value::String(artifact_reference(&Digest::of(b"two")))));
}

#[tokio::test]
async fn the_mode_is_seen_and_mended() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let ours = attributes! { "path": "a", "content": "x", "mode": "0600" };
    let made = bench.create("local_file", bench.op(), &ours).await.unwrap();
    fs::set_permissions(bench.path("a"), fs::Permissions::from_mode(0o644)).unwrap();
    let seen = bench.look("local_file", &made).await.unwrap();
    assert_eq!(bench.plan("local_file", Some(&seen), &ours).changed[0].to_string(), "mode");
    bench.update("local_file", bench.op(), &seen, &ours).await.unwrap();
    assert_eq!(fs::metadata(bench.path("a")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_file_has_exactly_one_content() {
    let bench = Bench::new();
    let two = attributes! { "path": "a", "content": "x", "content_base64": "eA==" };
    assert!(bench.provider.validate(Mode::Managed, "local_file", &two.open()).has_errors());
    assert!(bench.provider.validate(Mode::Managed, "local_file", &attributes! { "path": "a" }.open()).has_errors());
    assert!(
        !bench
            .provider
            .validate(Mode::Managed, "local_file", &attributes! { "path": "a", "content": "" }.open())
            .has_errors()
    );
}

#[tokio::test]
async fn a_folder_with_things_in_it_is_kept_unless_force_destroy() {
    let bench = Bench::new();
    let ours = attributes! { "path": "d" };
    let made = bench.create("local_directory", bench.op(), &ours).await.unwrap();
    fs::write(bench.path("d/theirs"), "x").unwrap();
    let fault = bench.delete("local_directory", bench.op(), &made).await.unwrap_err();
    assert!(is_rejected(&fault, "force_destroy"), "{fault}");
    let forced = bench
        .update("local_directory", bench.op(), &made, &with(&ours, "force_destroy", Value::Bool(true)))
        .await
        .unwrap();
    bench.delete("local_directory", bench.op(), &forced).await.unwrap();
    assert!(!bench.path("d").exists());
}

#[tokio::test]
async fn a_folder_that_was_there_before_outlives_the_stack() {
    let bench = Bench::new();
    fs::create_dir(bench.path("d")).unwrap();
    let (op, ours) = (bench.op(), attributes! { "path": "d", "force_destroy": true });
    let made = bench.create("local_directory", op, &ours).await.unwrap();
    bench.delete("local_directory", bench.op(), &made).await.unwrap();
    assert!(bench.path("d").exists());
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    let bench = Bench::new();
    fs::write(bench.path("file"), "x").unwrap();
    for (path, word) in [("file/below", "a part of the path"), ("../out", "leads out"), (".siac/x", "keeps for itself")]
    {
        let inputs = with(&attributes! { "content": "x" }, "path", Value::string(path));
        let fault = bench.create("local_file", bench.op(), &inputs).await.unwrap_err();
        assert!(is_rejected(&fault, word), "{path}: {fault}");
    }
}

#[tokio::test]
async fn what_exists_can_be_imported() {
    let bench = Bench::new();
    fs::write(bench.path("a"), "there").unwrap();
    let adopted = bench.provider.import(&bench.call("local_file", bench.op()), "a").await.unwrap();
    let adopted = bench.record("local_file", bench.op(), &adopted);
    let wanted = attributes! { "path": "a", "content": "there", "mode": adopted.inputs.get("mode").unwrap().as_str() };
    let seen = bench.look("local_file", &adopted).await.unwrap();
    let changed = bench.plan("local_file", Some(&seen), &wanted).changed;
    assert_eq!(changed.iter().map(ToString::to_string).collect::<Vec<_>>(), ["overwrite"]);
    let fault = bench.provider.import(&bench.call("random_id", bench.op()), "x").await.unwrap_err();
    assert!(is_rejected(&fault, "cannot be imported"));
}

#[tokio::test]
async fn a_file_is_read_as_data() {
    let bench = Bench::new();
    fs::write(bench.path("a"), [0xff, 0xfe]).unwrap();
    let data = bench.data("local_file", &attributes! { "path": "a" }).await.unwrap();
    assert_eq!(data.get("content_base64"), Some(&Value::string("//4=")));
    assert_eq!(data.get("content"), Some(&Value::Null));
    let fault = bench.data("local_file", &attributes! { "path": "b" }).await.unwrap_err();
    assert!(is_rejected(&fault, "must_exist"), "{fault}");
    let data = bench.data("local_file", &attributes! { "path": "b", "must_exist": false }).await.unwrap();
    assert_eq!(data.get("exists"), Some(&Value::Bool(false)));
}

/// Answers one request on a port of its own with these lines, and hands the request over.
fn answer_once(status: &'static str, body: &'static str) -> (u16, std::thread::JoinHandle<String>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0; 4_096];
        let read = stream.read(&mut request).unwrap();
        let length = body.len();
        write!(
            stream,
            "HTTP/1.1 {status}\r\nX-Kind: Test\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
        .unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    (port, server)
}

#[tokio::test]
async fn a_web_server_is_asked() {
    let bench = Bench::new();
    let (port, server) = answer_once("404 Not Found", "nothing");
    let request = attributes! { "url": format!("http://127.0.0.1:{port}/a?b=c") };
    let data =
        bench.data("http", &with(&request, "headers", Value::map([("x-token", secret("hunter2"))]))).await.unwrap();
    assert_eq!(data.get("status_code"), Some(&Value::number(404_i64)));
    assert_eq!(data.get("body"), Some(&Value::string("nothing")));
    assert_eq!(data.get("response_headers").unwrap().get("x-kind"), Some(&Value::string("Test")));
    let request = server.join().unwrap();
    assert!(request.starts_with("GET /a?b=c HTTP/1.1\r\n") && request.contains("hunter2"), "{request}");
}

#[tokio::test]
async fn a_web_server_that_is_down_may_come_back() {
    let bench = Bench::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let fault = bench.data("http", &attributes! { "url": format!("http://127.0.0.1:{port}/") }).await.unwrap_err();
    assert!(matches!(&fault, Fault::Transient { why, .. } if why.contains("did not answer")), "{fault}");
}
