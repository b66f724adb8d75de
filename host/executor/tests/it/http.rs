//! `http::` as a script sees it, over an internet in memory.

use std::sync::{Arc, Mutex};

use execution::{
    Answer, Answered, BoxFuture, Effects, Execute, FailureKind, Limits, Outcome, Question, Services,
    http::{Failed, Request, Response},
};
use execution::{Recorder, Replay};

use crate::sandbox::{answer, compile, executor, failure, invocation, request, run, run_on};

/// Answers with what it was asked, or as the path says.
#[derive(Debug, Clone, Default)]
struct Internet {
    asked: Arc<Mutex<Vec<(Request, u64)>>>,
}

impl Internet {
    fn asked(&self) -> Vec<Request> {
        self.asked.lock().expect("not poisoned").iter().map(|(request, _)| request.clone()).collect()
    }

    fn bytes_max(&self) -> Vec<u64> {
        self.asked.lock().expect("not poisoned").iter().map(|(_, bytes_max)| *bytes_max).collect()
    }
}

fn respond(request: &Request) -> execution::http::Result {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let (status, headers, body): (u16, _, &[u8]) = match request.url.trim_start_matches("https://a.test") {
        "/json" => (200, vec![field("content-type", "application/json; charset=utf-8")], br#"{"a":[1,null]}"#),
        "/bad-json" => (200, vec![field("content-type", "application/json")], b"{"),
        "/blob" => (200, Vec::new(), &[0xff, 0]),
        "/cookies" => (404, vec![field("set-cookie", "a=1"), field("set-cookie", "b=2"), field("x", "y")], b"no"),
        "/large" => {
            return Ok(Response { body: vec![b'a'; 1000], ..respond(&Request { url: "https://a.test/".into(), ..Request::default() })? });
        }
        path if path.starts_with("/fail/") => {
            let (code, was_sent) = path["/fail/".len()..].split_once('/').expect("code and whether it was sent");
            return Err(Failed { code: code.to_owned(), message: "it failed".to_owned(), was_sent: was_sent == "sent" });
        }
        _ => (200, Vec::new(), b"hello"),
    };
    Ok(Response { status, headers, body: body.to_vec(), url: request.url.clone(), redirects: 1 })
}

impl Services for Internet {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        let Question::Http { requests, bytes_max } = question else { panic!("only the internet is here: {question:?}") };
        self.asked.lock().expect("not poisoned").extend(requests.iter().map(|request| (request.clone(), *bytes_max)));
        let answer = Answer::Http(Ok(requests.iter().map(respond).collect()));
        Box::pin(std::future::ready(Answered { answer, now_ms: 0 }))
    }
}

async fn body(script: &str) -> String {
    answer(&run_on(script, Internet::default()).await).1
}

#[tokio::test]
async fn answers_are_values() {
    for (script, expected) in [
        (r#"http::get("https://a.test/").body"#, "hello"),
        (
            r#"let r = http::get("https://a.test/json"); [r.status, r.body.a, r.url, r.redirects]"#,
            r#"[200,[1,null],"https://a.test/json",1]"#,
        ),
        (r#"let r = http::get("https://a.test/bad-json"); [r.body, r.json_error.contains("line 1")]"#, r#"["{",true]"#),
        (r#"let r = http::get("https://a.test/blob"); [type_of(r.body), r.body.len()]"#, r#"["blob",2]"#),
        (
            r#"let r = http::get("https://a.test/cookies"); [r.status, r.headers["set-cookie"], r.headers_all("Set-Cookie"), r.headers_all("none")]"#,
            r#"[404,"a=1",["a=1","b=2"],[]]"#,
        ),
        (r#"type_of(http::get("https://a.test/x").json_error)"#, "()"),
        (
            r#"http::all([#{ url: "https://a.test/" }, #{ url: "https://a.test/fail/timeout/sent" }]).map(|r| if "error" in r { r.error } else { r.body })"#,
            r#"["hello","http.timeout"]"#,
        ),
        ("http::all([])", "[]"),
    ] {
        assert_eq!(body(script).await, expected, "{script}");
    }
}

#[tokio::test]
async fn requests_are_sent_as_they_are_written() {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let text = field("content-type", "text/plain; charset=utf-8");
    let url = "https://a.test/".to_owned();
    for (call, expected) in [
        (r#"http::get("https://a.test/")"#, Request { method: "GET".into(), ..Request::default() }),
        (
            r#"http::head("https://a.test/", #{ timeout: 1.5 })"#,
            Request { method: "HEAD".into(), timeout_ms: Some(1500), ..Request::default() },
        ),
        (
            r#"http::delete("https://a.test/", #{ headers: #{ "X-A": ["1", 2] } })"#,
            Request { method: "DELETE".into(), headers: vec![field("X-A", "1"), field("X-A", "2")], ..Request::default() },
        ),
        (
            r#"http::post("https://a.test/", #{ a: 1 })"#,
            Request {
                method: "POST".into(),
                headers: vec![field("content-type", "application/json")],
                body: br#"{"a":1}"#.to_vec(),
                ..Request::default()
            },
        ),
        (
            r#"http::put("https://a.test/", "x")"#,
            Request { method: "PUT".into(), headers: vec![text], body: b"x".to_vec(), ..Request::default() },
        ),
        (
            r#"http::patch("https://a.test/", "x", #{ headers: #{ "Content-Type": "a/b" } })"#,
            Request { method: "PATCH".into(), headers: vec![field("Content-Type", "a/b")], body: b"x".to_vec(), ..Request::default() },
        ),
        (
            r#"http::request(#{ method: "PROPFIND", url: "https://a.test/", body: blob(2, 7), timeout: 3 })"#,
            Request {
                method: "PROPFIND".into(),
                headers: vec![field("content-type", "application/octet-stream")],
                body: vec![7, 7],
                timeout_ms: Some(3000),
                ..Request::default()
            },
        ),
    ] {
        let internet = Internet::default();
        run_on(call, internet.clone()).await.result.expect("an answer");
        assert_eq!(internet.asked(), [Request { url: url.clone(), ..expected }], "{call}");
    }
}

#[tokio::test]
async fn wrong_calls_are_errors_that_can_be_caught() {
    for (call, case) in [
        (r#"http::get("https://a.test/fail/not_allowed/")"#, "http.not_allowed"),
        (r#"http::get("https://a.test/", #{ timout: 1 })"#, "http.invalid"),
        (r#"http::get("https://a.test/", #{ timeout: 0 })"#, "http.invalid"),
        (r#"http::get("https://a.test/", #{ timeout: "1" })"#, "http.invalid"),
        (r#"http::get("https://a.test/", #{ headers: ["a"] })"#, "http.invalid"),
        (r#"http::get("https://a.test/", #{ headers: #{ a: #{} } })"#, "http.invalid_header"),
        (r#"http::get("https://a.test/", #{ body: 1 })"#, "http.invalid"),
        (r#"http::request(#{ method: "GET" })"#, "http.invalid"),
        (r#"http::request(#{ url: 7 })"#, "http.invalid"),
        (r#"http::all(["https://a.test/"])"#, "http.invalid"),
        (r#"http::post("https://a.test/", blob(8388609))"#, "http.request_too_large"),
        (
            r#"let b = blob(5000000); let r = #{ method: "POST", url: "https://a.test/", body: b }; http::all([r, r])"#,
            "http.request_too_large",
        ),
    ] {
        let internet = Internet::default();
        let script = format!("let caught = (); try {{ {call} }} catch (e) {{ caught = e.error }} caught");
        assert_eq!(answer(&run_on(&script, internet.clone()).await).1, case, "{call}");
        assert!(case == "http.not_allowed" || internet.asked().is_empty(), "{call} was sent");
    }
    let failed = failure(run(r#"http::get("https://a.test/")"#).await);
    assert_eq!(failed.message, "http.unavailable: other servers can't be called from here just now");
    assert_eq!((failed.trace[0].line, failed.trace[0].column), (1, 7));
}

/// What an execution leaves, if it ends well.
async fn effects(script: &str) -> Effects {
    let outcome: Outcome = run_on(script, Internet::default()).await;
    assert!(outcome.result.is_ok(), "{:?}", outcome.result);
    outcome.effects
}

#[tokio::test]
async fn what_was_sent_can_not_be_run_again() {
    for (script, expected) in [
        ("1", false),
        (r#"http::get("https://a.test/")"#, true),
        (r#"http::all([#{ url: "https://a.test/fail/not_allowed/" }])"#, false),
        (r#"http::all([#{ url: "https://a.test/fail/timeout/sent" }])"#, true),
        (r#"http::all([#{ url: "https://a.test/fail/not_allowed/" }, #{ url: "https://a.test/" }])"#, true),
    ] {
        assert_eq!(effects(script).await.irrevocable, expected, "{script}");
    }
}

#[tokio::test]
async fn s_2_4_nothing_to_send_is_a_call_and_no_question() {
    // Found by fuzzing: it was no call, so it could be done without end. Whoever is asked here panics.
    let outcome = run_on("http::all([])", Unasked).await;
    assert_eq!((answer(&outcome).1.as_str(), outcome.usage.host_calls), ("[]", 1));
    let failed = failure(run_on("loop { http::all([]) }", Unasked).await);
    assert_eq!(failed.kind, FailureKind::HostCalls);
}

/// Nobody to ask.
struct Unasked;

impl Services for Unasked {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Answered> {
        panic!("asked {question:?}")
    }
}

#[tokio::test]
async fn s_2_4_a_flood_of_http_calls_ends() {
    for script in [
        r#"loop { http::get("https://a.test/") }"#,
        r#"let one = #{ url: "https://a.test/" }; let all = []; for i in 0..100 { all.push(one) } http::all(all)"#,
    ] {
        let internet = Internet::default();
        let failed = failure(run_on(script, internet.clone()).await);
        assert_eq!(failed.kind, FailureKind::HostCalls);
        assert!(failed.message.contains("50 times (http_calls)"), "{}", failed.message);
        assert!([0, 50].contains(&internet.asked().len()), "{}", internet.asked().len());
    }
}

#[tokio::test]
async fn s_2_4_the_answers_of_an_execution_are_bounded_together() {
    let internet = Internet::default();
    let image = compile(r#"for i in 0..3 { http::get("https://a.test/large") }"#).await.expect("compiles");
    let limits = Limits { http_bytes: 2500, ..Limits::default() };
    executor()
        .await
        .execute(&image, &invocation(request("GET", "/")), &limits, Box::new(internet.clone()))
        .await
        .result
        .expect("an answer");
    assert_eq!(internet.bytes_max(), [2500, 1500, 500]);
}

#[tokio::test]
async fn calls_are_traced_without_their_queries() {
    let outcome = run_on(
        r#"http::get("https://a.test/json?key=secret"); http::all([#{ url: "https://a.test/fail/timeout/" }])"#,
        Internet::default(),
    )
    .await;
    let traced: Vec<_> = outcome.calls.iter().map(|call| (call.call.as_str(), call.result.as_str())).collect();
    assert_eq!(traced, [("http GET https://a.test/json", "200"), ("http GET https://a.test/fail/timeout/", "timeout")]);
    assert!(outcome.calls[1].start_us >= outcome.calls[0].start_us + outcome.calls[0].wall_us);
}

#[tokio::test]
async fn g9_a_replay_calls_nobody() {
    let script = r#"
        let got = http::all([#{ url: "https://a.test/json" }, #{ url: "https://a.test/fail/timeout/sent" }]);
        got.push(http::post("https://a.test/", #{ n: got.len() }).body);
        got
    "#;
    let (image, call, limits) = (compile(script).await.expect("compiles"), invocation(request("GET", "/")), Limits::default());
    let (recorder, calls) = Recorder::new(Internet::default(), 1 << 20);
    let recorded = executor().await.run(&image, &call, &limits, Box::new(recorder)).await;
    let calls = calls.calls().expect("not too much");
    // As they would be kept.
    let kept = serde_json::to_string(&calls).expect("a recording is JSON");
    let (replay, course) = Replay::new(serde_json::from_str(&kept).expect("and back"));
    let replayed = executor().await.run(&image, &call, &limits, Box::new(replay)).await;
    assert_eq!(course.divergence(), None);
    assert_eq!((answer(&replayed), replayed.usage.fuel_used), (answer(&recorded), recorded.usage.fuel_used));
}
