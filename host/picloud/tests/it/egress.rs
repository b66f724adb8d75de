//! Scripts call other servers: only those that their app's list names, only where the operator lets them, and for their app's sake only.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    http::Answer,
    instance::{Instance, PASSWORD, eventually},
};

/// A server that hands over what it got and answers as `answer` says.
struct Upstream {
    address: SocketAddr,
    seen: mpsc::Receiver<String>,
}

impl Upstream {
    fn start(answer: impl Fn(&str) -> String + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, seen) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream: TcpStream = stream.unwrap();
                let mut buffer = [0; 16 << 10];
                let count = stream.read(&mut buffer).unwrap_or(0);
                let request = String::from_utf8_lossy(&buffer[..count]).into_owned();
                let _ = stream.write_all(answer(&request).as_bytes());
                if sender.send(request).is_err() {
                    return;
                }
            }
        });
        Self { address, seen }
    }

    fn saying(body: &'static str) -> Self {
        Self::start(move |_| format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    }

    fn seen(&self) -> Option<String> {
        self.seen.recv_timeout(Duration::from_secs(60)).ok()
    }
}

/// An instance whose operator opened these addresses, with the app `shop`.
fn shop(opened: &[String]) -> Instance {
    let mut instance = Instance::configured(&format!("[egress]\nallow_private = {opened:?}\n"));
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance
}

fn allow(instance: &Instance, app: &str, host: &str, port: u16) -> Answer {
    instance.admin("POST", "egress", &json!({ "app": app, "host": host, "port": port }))
}

const CALL: &str = r#"
    let caught = ();
    try { caught = http::get(ctx.request.query.url).body } catch (e) { caught = e.error }
    caught
"#;

#[test]
fn a_script_calls_what_its_app_may_and_nothing_else() {
    let upstream = Upstream::saying("hello from outside");
    let closed = Upstream::saying("never");
    let (port, host) = (upstream.address.port(), upstream.address.ip().to_string());
    let instance = shop(&[upstream.address.to_string()]);
    instance.script("shop", "call", CALL, "/call");
    let call = |app: &str, port: u16| instance.visit(&format!("{app}.localhost"), &format!("/call?url=http://{host}:{port}/x")).body;

    assert_eq!(call("shop", port), "http.not_allowed");
    let rule = allow(&instance, "shop", &host, port);
    assert_eq!(rule.status, 201, "{rule:?}");
    assert_eq!(call("shop", port), "hello from outside");
    let seen = upstream.seen().unwrap();
    assert!(seen.starts_with("GET /x HTTP/1.1\r\n") && seen.to_ascii_lowercase().contains("\r\npicloud-hops: 1."), "{seen}");

    // Another app has a list of its own.
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "other" })).status, 201);
    instance.script("other", "call", CALL, "/call");
    assert_eq!(call("other", port), "http.not_allowed");

    // The app's list does not open what the operator has not.
    assert_eq!(allow(&instance, "shop", "*", closed.address.port()).status, 201);
    assert_eq!(call("shop", closed.address.port()), "http.address_not_public");
    assert_eq!(allow(&instance, "shop", "localhost", instance.port).status, 201);
    let own = instance.visit("shop.localhost", &format!("/call?url=http://localhost:{}/healthz", instance.port)).body;
    assert!(["http.address_not_public", "http.resolve_failed"].contains(&own.as_str()), "{own}");

    // What was allowed is allowed no longer.
    let id = rule.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(instance.admin("DELETE", &format!("egress/{id}"), &Value::Null).status, 204);
    assert_eq!(call("shop", port), "http.not_allowed");
    assert!(upstream.seen.try_recv().is_err() && closed.seen.try_recv().is_err(), "somebody was called");
}

#[test]
fn what_a_script_waited_for_is_in_its_execution() {
    let upstream = Upstream::saying("ok");
    let instance = shop(&[upstream.address.to_string()]);
    instance.script("shop", "call", r#"kv::get("visits"); http::get(ctx.request.query.url).status"#, "/call");
    allow(&instance, "shop", &upstream.address.ip().to_string(), upstream.address.port());
    let url = format!("http://{}/x", upstream.address);
    let visited = instance.visit("shop.localhost", &format!("/call?url={url}%3Fkey=secret"));
    assert_eq!(visited.body, "200", "{visited:?}");
    eventually(|| instance.admin("GET", "executions?app=shop", &Value::Null).json()["items"][0]["id"].is_string());
    let id = instance.admin("GET", "executions?app=shop", &Value::Null).json()["items"][0]["id"].as_str().unwrap().to_owned();
    let calls = instance.admin("GET", &format!("executions/{id}"), &Value::Null).json()["calls"].clone();
    assert_eq!((&calls[0]["call"], &calls[0]["result"]), (&json!("kv.get"), &json!("absent")), "{calls}");
    assert_eq!((&calls[1]["call"], &calls[1]["result"]), (&json!(format!("http GET {url}")), &json!("200")), "{calls}");
    assert!(calls[1]["wall_us"].as_u64().unwrap() > 0 && calls.as_array().unwrap().len() == 2, "{calls}");
}

#[test]
fn s_2_7_a_script_that_calls_itself_ends() {
    let instance = shop(&["127.0.0.1:*".to_owned()]);
    // By the API: scripts can't set the header `Host`, and an app has no address of its own.
    let script = r#"
        let answer = http::post(`http://127.0.0.1:${ctx.request.query.port}/api/v1/execute/${ctx.script_id}?port=${ctx.request.query.port}`, (),
            #{ headers: #{ Authorization: `Bearer ${ctx.request.headers["x-key"]}`, "X-Key": ctx.request.headers["x-key"] } });
        #{ statusCode: 200, body: `${answer.status}<${answer.body}` }
    "#;
    let id = instance.script("shop", "self", script, "/self");
    assert_eq!(allow(&instance, "shop", "127.0.0.1", instance.port).status, 201);
    let key = instance.key().to_owned();
    let headers = ["Host: localhost", &format!("Authorization: Bearer {key}"), &format!("X-Key: {key}")];
    let answer = crate::http::send(instance.port, "POST", &format!("/api/v1/execute/{id}?port={}", instance.port), &headers, "").unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    // Three calls of itself are let through, the fourth is not.
    assert!(answer.body.starts_with("200<200<200<508<") && answer.body.contains("loop"), "{answer:?}");
}

#[test]
fn an_execution_that_has_called_another_server_is_not_run_again() {
    // Whoever calls it changes what the caller has read.
    let instance = std::sync::Arc::new(std::sync::OnceLock::<(u16, String)>::new());
    let known = std::sync::Arc::clone(&instance);
    let upstream = Upstream::start(move |_| {
        let (port, key) = known.get().unwrap();
        let headers = ["Host: localhost", "Content-Type: application/json", &format!("Authorization: Bearer {key}")];
        let put = crate::http::send(*port, "PUT", "/api/v1/admin/kv/n?app=shop", &headers, r#"{"value": 7}"#).unwrap();
        assert_eq!(put.status, 200, "{put:?}");
        "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".to_owned()
    });
    let shop = shop(&[upstream.address.to_string()]);
    assert!(instance.set((shop.port, shop.key().to_owned())).is_ok());
    let url = format!("http://{}/", upstream.address);
    shop.script("shop", "crossed", &format!(r#"let n = kv::get("n"); http::get("{url}"); kv::set("m", n); 1"#), "/crossed");
    allow(&shop, "shop", &upstream.address.ip().to_string(), upstream.address.port());
    let crossed = shop.visit("shop.localhost", "/crossed");
    assert_eq!(crossed.status, 503, "{crossed:?}");
    assert_eq!(shop.admin("GET", "kv/m?app=shop", &Value::Null).status, 404);
    assert!(upstream.seen().is_some() && upstream.seen.try_recv().is_err(), "it was run again");
}
