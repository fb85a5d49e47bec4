//! A front that understands HTTP lets everything through that HTTP/1.1 knows, whatever becomes of releases and processes behind it.

mod bench;
mod web;

use bench::{Bench, with};
use siac_core::model::value::Value;
use web::{Client, KIND, first_word, free_port, get, has_node, kill, process, status, until, upgraded, web};

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_answers_pass_through_as_they_are() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let mut client = Client::connect(port);
    let answer = client.get("/target?a=%20b&c").unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "GET /target?a=%20b&c"));
    assert_eq!(client.ask("OPTIONS * HTTP/1.1\r\nhost: test\r\n\r\n").unwrap().status, 404, "the server's own 404");
    let failed = client.get("/fail").unwrap();
    assert_eq!((failed.status, failed.body.as_str()), (500, "failed"));
    let echoed = client.ask("POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nhello").unwrap();
    assert_eq!(echoed.body, "hello");
    let head = client.ask("HEAD /target HTTP/1.1\r\nhost: test\r\n\r\n").unwrap();
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    let echoed =
        client.ask("PUT /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    assert_eq!(echoed.unwrap().body, "abc", "all on one connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_stream_in_both_directions() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let mut client = Client::connect(port);
    client.send("POST /stream HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n");
    for word in ["one", "two"] {
        client.send(&format!("3\r\n{word}\r\n"));
        if word == "one" {
            assert_eq!(client.status().status, 200);
        }
        assert_eq!(client.piece().unwrap(), format!("<{word}>"), "an answer to each piece before the next is sent");
    }
    client.send("0\r\n\r\n");
    assert_eq!(client.piece().unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_are_not_lost() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let request = "POST /trailers HTTP/1.1\r\nhost: test\r\nte: trailers\r\nconnection: te\r\ntrailer: x-in\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-in: sum\r\n\r\n";
    let answer = Client::connect(port).ask(request).unwrap();
    assert_eq!((answer.body.as_str(), answer.trailers), ("body", vec!["x-sum: sum".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_waits_to_continue_is_told_by_the_program() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let mut client = Client::connect(port);
    client.send("POST /echo HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    assert_eq!(client.status().status, 100);
    client.send("ok");
    assert_eq!(client.answer(true).unwrap().body, "ok");
    client.send("POST /refuse HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    assert_eq!(client.answer(true).unwrap().status, 417, "without being asked for the body");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_learn_who_asks_and_nothing_of_the_clients_connection() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let answer = Client::connect(port)
        .ask("GET /headers HTTP/1.1\r\nHost: test\r\nConnection: keep-alive, x-once\r\nX-Once: 1\r\nX-Kept: 2\r\n\r\n");
    let names: Vec<String> = serde_json::from_str(&answer.unwrap().body).unwrap();
    let value = |name: &str| names.iter().position(|found| found == name).map(|at| names[at + 1].as_str());
    assert_eq!((value("Host"), value("X-Kept"), value("X-Once")), (Some("test"), Some("2"), None), "{names:?}");
    assert_eq!(value("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!((value("x-forwarded-proto"), value("x-forwarded-host")), (Some("http"), Some("test")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sound_request_is_refused() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let status = |request: &str| Client::connect(port).ask(request).map(|answer| answer.status);
    assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), Some(400));
    assert_eq!(status("CONNECT test:80 HTTP/1.1\r\nhost: test:80\r\n\r\n"), Some(501));
    assert_eq!(status("GET / HTTP/1.1\r\nhost: test\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n"), Some(400));
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nhost: test\r\nx: {}\r\n\r\n", "x".repeat(70_000))), Some(431));
    let many: String = (0..201).map(|n| format!("x-{n}: 1\r\n")).collect();
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nhost: test\r\n{many}\r\n")), Some(431));
    assert_eq!(status("GET / HTTP/1.0\r\n\r\n"), Some(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_moves_to_the_new_release_and_an_upgraded_one_stays() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    let made = bench.create(KIND, bench.op(), &web(port, "one")).await.unwrap();
    let (mut idle, mut busy) = (Client::connect(port), Client::connect(port));
    assert_eq!(first_word(&idle.get("/").unwrap().body), "one");
    let (mut socket, greeting) = upgraded(port);
    busy.send("GET /slow?ms=700 HTTP/1.1\r\nhost: test\r\n\r\n");
    bench.update(KIND, bench.op(), &made, &web(port, "two")).await.unwrap();
    assert_eq!(first_word(&idle.get("/").unwrap().body), "two", "its next request");
    assert_eq!(busy.answer(true).unwrap().body, "one", "what is under way");
    assert_eq!(first_word(&busy.get("/").unwrap().body), "two", "and what comes after it");
    socket.send("still here\n");
    assert_eq!(socket.line().as_deref(), Some("still here"));
    assert_eq!(first_word(&greeting), "one");
    assert_eq!(socket.line().as_deref(), Some("bye"), "it ends when the grace period is over");
    until("the old release has ended", || {
        (status(&bench, &made)["releases"].as_array().unwrap().len() == 1).then_some(())
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_come_is_made_up_for() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    let wanted = with(&web(port, "one"), "timeout", Value::string("300ms"));
    let made = bench.create(KIND, bench.op(), &wanted).await.unwrap();
    let mut client = Client::connect(port);
    let broken = client.ask("POST /break HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n").unwrap();
    assert_eq!((broken.status, broken.header("content-type")), (502, Some("text/plain; charset=utf-8")), "{broken:?}");
    assert_eq!(client.get("/slow?ms=5000").unwrap().status, 504);
    assert_eq!(client.get("/").unwrap().status, 200, "the client's connection goes on");
    assert!(client.get("/half").is_none(), "half an answer is not taken for a whole one");
    assert_eq!(status(&bench, &made)["releases"][0]["failures"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_may_be_repeated_survives_its_process() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    let made =
        bench.create(KIND, bench.op(), &with(&web(port, "one"), "processes", Value::number(2_i64))).await.unwrap();
    let mut client = Client::connect(port);
    let first = process(&client.get("/").unwrap().body);
    client.send("GET /slow?ms=400 HTTP/1.1\r\nhost: test\r\n\r\n");
    until("it is under way", || (status(&bench, &made)["releases"][0]["connections"] == 1).then_some(()));
    let other = process(&get(port, "/").unwrap().body);
    assert_eq!(other, first, "the other one is busy");
    let processes = status(&bench, &made)["releases"][0]["processes"].clone();
    let pids: Vec<i32> = processes.as_array().unwrap().iter().map(|it| it["pid"].as_i64().unwrap() as i32).collect();
    kill(*pids.iter().find(|pid| **pid != first).unwrap());
    assert_eq!(client.answer(true).unwrap().body, "one", "asked of the other process");
    let died = until("its death is told", || {
        let told = status(&bench, &made);
        let processes = told["releases"][0]["processes"].as_array().unwrap().clone();
        processes.into_iter().find_map(|it| it["last_exit"].as_str().map(str::to_owned))
    });
    assert_eq!(died, "by signal 9, with 1 connection open");
    assert_eq!(process(&get(port, "/").unwrap().body), first, "the dead one takes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_answered_by_the_front_alone() {
    if !has_node() {
        return;
    }
    let (bench, port) = (Bench::new(), free_port());
    let rule =
        attributes! { "origins": ["https://a.example"], "methods": ["GET"], "max_age": "1m", "credentials": true };
    bench.create(KIND, bench.op(), &with(&web(port, "one"), "cors", rule)).await.unwrap();
    let mut client = Client::connect(port);
    let asked = "OPTIONS /cors HTTP/1.1\r\nhost: test\r\norigin: https://a.example\r\naccess-control-request-method: GET\r\n\r\n";
    let allowed = client.ask(asked).unwrap();
    assert_eq!((allowed.status, allowed.header("access-control-max-age")), (204, Some("60")), "{allowed:?}");
    let answer = client.ask("GET /cors HTTP/1.1\r\nhost: test\r\norigin: https://a.example\r\n\r\n").unwrap();
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://a.example"), "{answer:?}");
    assert_eq!((answer.header("access-control-expose-headers"), answer.body.as_str()), (None, "ok"));
    let other = client.ask("GET /cors HTTP/1.1\r\nhost: test\r\norigin: https://b.example\r\n\r\n").unwrap();
    assert_eq!(other.header("access-control-allow-origin"), None);
}
