//! Under load, no update costs a request: not one that takes over, not one that is refused, not one that goes back.

mod bench;
mod web;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use bench::{Bench, with};
use siac_core::model::value::{Known, Value};
use siac_core::ports::Fault;
use web::{Client, KIND, first_word, free_port, get, has_node, status, until, upgraded, web};

/// What the clients have seen.
#[derive(Default)]
struct Seen {
    is_over: AtomicBool,
    answers: AtomicUsize,
}

/// A client that asks again and again, in its own way, until the end; it tells what went wrong.
fn client(seen: &Arc<Seen>, mut ask: impl FnMut() -> Result<(), String> + Send + 'static) -> JoinHandle<Vec<String>> {
    let seen = Arc::clone(seen);
    std::thread::spawn(move || {
        let mut wrong = Vec::new();
        while !seen.is_over.load(Ordering::Relaxed) {
            match ask() {
                Ok(()) => drop(seen.answers.fetch_add(1, Ordering::Relaxed)),
                Err(why) => wrong.push(why),
            }
        }
        wrong
    })
}

/// Four clients: with connections of their own, and with one that is kept; with bodies, and without.
fn clients(port: u16, seen: &Arc<Seen>) -> Vec<JoinHandle<Vec<String>>> {
    let (mut kept, mut posting) = (Client::connect(port), Client::connect(port));
    vec![
        client(seen, move || match get(port, "/") {
            Some(answer) if answer.status == 200 => Ok(()),
            other => Err(format!("alone: {other:?}")),
        }),
        client(seen, move || match kept.get("/") {
            Some(answer) if answer.status == 200 => Ok(()),
            other => Err(format!("kept: {other:?}")),
        }),
        client(seen, move || {
            let post = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 7\r\n\r\nmessage";
            match posting.ask(post) {
                Some(answer) if answer.body == "message" => Ok(()),
                other => Err(format!("posting: {other:?}")),
            }
        }),
        client(seen, move || match get(port, "/slow?ms=100") {
            Some(answer) if answer.status == 200 => Ok(()),
            other => Err(format!("slow: {other:?}")),
        }),
    ]
}

/// An upgraded connection, the release it is with, and whether it has heard its good-bye.
struct Socket {
    client: Client,
    release: String,
}

fn sockets(port: u16, count: usize) -> Vec<Socket> {
    let open = |_| {
        let (client, greeting) = upgraded(port);
        Socket { client, release: first_word(&greeting) }
    };
    (0..count).map(open).collect()
}

/// Whether a socket still gives back what it is sent.
fn echoes(socket: &mut Socket) -> bool {
    socket.client.try_send("ping\n").is_some() && socket.client.line().as_deref() == Some("ping")
}

fn service(port: u16, word: &str) -> Known {
    with(&with(&web(port, word), "processes", Value::number(2_i64)), "stop_grace", Value::string("3s"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_update_costs_a_request_and_sockets_end_only_with_the_grace_period() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    let mut made = bench.create(KIND, bench.op(), &service(port, "w0")).await.unwrap();
    let seen = Arc::new(Seen::default());
    let clients = clients(port, &seen);
    let mut open = sockets(port, 20);
    let mut serving = "w0".to_owned();
    for round in 1..=6 {
        let word = format!("w{round}");
        let is_unwell = round % 3 == 0;
        let health = attributes! { "path": if is_unwell { "/nowhere" } else { "/health" }, "within": if is_unwell { "700ms" } else { "30s" } };
        let before = seen.answers.load(Ordering::Relaxed);
        let updated = bench.update(KIND, bench.op(), &made, &with(&service(port, &word), "health", health)).await;
        match updated {
            Ok(updated) if !is_unwell => (made, serving) = (updated, word),
            Err(Fault::Rejected { why }) if is_unwell => assert!(why.contains("answers 404"), "{why}"),
            other => panic!("{other:?}"),
        }
        assert!(open.iter_mut().all(echoes), "round {round}: a socket ended before its grace period was over");
        let (stayed, left): (Vec<Socket>, Vec<Socket>) = open.into_iter().partition(|it| it.release == serving);
        for mut socket in left {
            assert_eq!(socket.client.line().as_deref(), Some("bye"), "round {round}");
        }
        let missing = 20 - stayed.len();
        open = stayed.into_iter().chain(sockets(port, missing)).collect();
        until("clients were answered", || (seen.answers.load(Ordering::Relaxed) > before + 20).then_some(()));
    }
    seen.is_over.store(true, Ordering::Relaxed);
    let wrong: Vec<String> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    assert_eq!(wrong, Vec::<String>::new());
    until("one release is left", || (status(&bench, &made)["releases"].as_array().unwrap().len() == 1).then_some(()));
}
