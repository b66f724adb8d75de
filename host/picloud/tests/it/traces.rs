//! Traces: continued from whoever calls, handed on to whoever is called, and told to a collector.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use crate::{
    http::send,
    instance::{Instance, PASSWORD, eventually},
};

/// A server of the outside world: a collector, or one that scripts call. Keeps what it got.
struct Outside {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<(String, String)>>>,
}

impl Outside {
    fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let kept = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = read(&mut stream) else { continue };
                kept.lock().unwrap().push(request);
                let _ = write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}");
            }
        });
        Self { address, seen }
    }

    fn seen(&self) -> Vec<(String, String)> {
        self.seen.lock().unwrap().clone()
    }

    /// All spans that have come.
    fn spans(&self) -> Vec<Value> {
        let mut spans = Vec::new();
        for (head, body) in self.seen() {
            let head = head.to_ascii_lowercase();
            assert!(head.starts_with("post /v1/traces http/1.1\r\n") && head.contains("\r\ncontent-type: application/json"), "{head}");
            let body: Value = serde_json::from_str(&body).unwrap();
            let resource = &body["resourceSpans"][0];
            assert_eq!(resource["resource"]["attributes"][0], json!({ "key": "service.name", "value": { "stringValue": "picloud" } }));
            spans.extend(resource["scopeSpans"][0]["spans"].as_array().unwrap().iter().cloned());
        }
        spans
    }
}

/// Head and body.
fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 << 10];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Some((head.to_owned() + "\r\n", body.to_owned()));
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// The app `shop`, whose script `call` reads, and calls `outside` twice.
fn shop(outside: &Outside, telemetry: &str) -> Instance {
    let mut instance = Instance::configured(&format!("[egress]\nallow_private = [\"{}\"]\n[telemetry]\n{telemetry}\n", outside.address));
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    let url = format!("http://{}/hidden?query=1", outside.address);
    let script = format!(r#"kv::get("visits"); http::get("{url}"); http::get("{url}").status"#);
    instance.script("shop", "call", &script, "/call");
    instance.script("shop", "throws", r#"throw "oops""#, "/throws");
    let rule = json!({ "app": "shop", "host": outside.address.ip().to_string(), "port": outside.address.port() });
    assert_eq!(instance.admin("POST", "egress", &rule).status, 201);
    instance
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn visit(instance: &Instance, path: &str, headers: &[&str]) -> u16 {
    send(instance.port, "GET", path, &[&["Host: shop.localhost"], headers].concat(), "").unwrap().status
}

fn field<'a>(head: &'a str, name: &str) -> &'a str {
    let mut values = head.lines().filter_map(|line| line.split_once(": ")).filter(|(other, _)| other.eq_ignore_ascii_case(name));
    let (_, value) = values.next().unwrap_or_else(|| panic!("no {name} in {head}"));
    assert!(values.next().is_none(), "{head}");
    value
}

fn traced(instance: &Instance, result: &str) -> u64 {
    let text = send(instance.internal_port, "GET", "/metrics", &["Host: x"], "").unwrap().body;
    let start = format!("picloud_traced_total{{result=\"{result}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&start)).unwrap().parse().unwrap()
}

#[test]
fn a_trace_goes_from_the_visitor_through_the_execution_to_the_servers_it_calls() {
    let (collector, outside) = (Outside::start("200 OK"), Outside::start("200 OK"));
    let instance = shop(&outside, &format!("otlp_endpoint = \"http://{}\"\nsample_ratio = 1.0", collector.address));
    assert_eq!(visit(&instance, "/call", &[&format!("traceparent: {PARENT}")]), 200);
    eventually(|| collector.spans().len() >= 4);
    let spans = collector.spans();
    assert_eq!(spans.len(), 4, "{spans:#?}");
    assert!(spans.iter().all(|span| span["traceId"] == TRACE));
    let whole = spans.iter().find(|span| span["name"] == "call").unwrap();
    assert_eq!((&whole["parentSpanId"], &whole["kind"]), (&json!("b7ad6b7169203331"), &json!(2)));
    let nanos = |span: &Value, key: &str| span[key].as_str().unwrap().parse::<u128>().unwrap();
    let calls: Vec<&Value> = spans.iter().filter(|span| span["parentSpanId"] == whole["spanId"]).collect();
    assert_eq!(calls.len(), 3);
    for span in &calls {
        assert!(nanos(span, "startTimeUnixNano") >= nanos(whole, "startTimeUnixNano"));
        assert!(nanos(span, "endTimeUnixNano") <= nanos(whole, "endTimeUnixNano"));
    }
    // Those who were called were told the span of the call, beside the count of hops.
    let seen = outside.seen();
    assert_eq!(seen.len(), 2);
    for ((head, _), span) in seen.iter().zip(calls.iter().filter(|span| span["kind"] == 3)) {
        assert_eq!(field(head, "traceparent"), format!("00-{TRACE}-{}-01", span["spanId"].as_str().unwrap()));
        assert!(field(head, "picloud-hops").starts_with("1."), "{head}");
    }
    assert!(!json!(spans).to_string().contains("query"), "what stands behind the question mark is nobody's business");
    // The row names the trace.
    let rows = || instance.admin("GET", "executions?app=shop", &Value::Null).json()["items"].clone();
    eventually(|| rows()[0]["trace_id"] == TRACE);

    // Without one, or with one that is none, the trace is the execution's own.
    assert_eq!(visit(&instance, "/throws", &["traceparent: 00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"]), 502);
    eventually(|| rows().as_array().unwrap().len() == 2);
    let row = rows()[0].clone();
    let own = row["id"].as_str().unwrap().replace('-', "");
    assert_eq!(row["trace_id"], own);
    eventually(|| collector.spans().len() >= 5);
    let last = collector.spans()[4].clone();
    assert_eq!((&last["traceId"], &last["status"]), (&json!(own), &json!({ "code": 2, "message": "error" })));
    assert!(last.get("parentSpanId").is_none());
    assert_eq!((traced(&instance, "exported"), traced(&instance, "undelivered")), (2, 0));
}

#[test]
fn jobs_and_what_they_trigger_go_on_with_the_trace_of_who_asked_for_them() {
    let (collector, outside) = (Outside::start("200 OK"), Outside::start("200 OK"));
    let instance = shop(&outside, &format!("otlp_endpoint = \"http://{}\"\nsample_ratio = 1.0", collector.address));
    let last = instance.script("shop", "last", "1", "/last");
    instance.script("shop", "works", r#"kv::set("done/" + ctx.event.payload, 1)"#, "/works");
    instance.script("shop", "asks", r#"queue::enqueue("works", "a"); 1"#, "/asks");
    let trigger = json!({ "app": "shop", "name": "t", "script": last, "on": { "kind": "kv", "prefix": "done/" } });
    assert_eq!(instance.admin("POST", "triggers", &trigger).status, 201);
    assert_eq!(visit(&instance, "/asks", &[&format!("traceparent: {PARENT}")]), 200);
    let named = |name: &str| collector.spans().into_iter().find(|span| span["name"] == name && span["kind"] != 3);
    eventually(|| named("last").is_some());
    let [asks, works, last] = ["asks", "works", "last"].map(|name| named(name).unwrap());
    assert!([&asks, &works, &last].iter().all(|span| span["traceId"] == TRACE), "{:#?}", collector.spans());
    assert_eq!((&works["parentSpanId"], &last["parentSpanId"]), (&asks["spanId"], &works["spanId"]));
    // The rows say the same, so that all that belongs together is found.
    let rows = || instance.admin("GET", "executions?app=shop", &Value::Null).json()["items"].as_array().unwrap().clone();
    eventually(|| rows().len() == 3);
    assert!(rows().iter().all(|row| row["trace_id"] == TRACE), "{:#?}", rows());

    // What is not sampled makes jobs that are not.
    let quiet = shop(&outside, &format!("otlp_endpoint = \"http://{}\"\nsample_ratio = 0.0", collector.address));
    quiet.script("shop", "works", "1", "/works");
    quiet.script("shop", "asks", r#"queue::enqueue("works", "a"); 1"#, "/asks");
    let before = collector.spans().len();
    assert_eq!(visit(&quiet, "/asks", &[&format!("traceparent: {PARENT}")]), 200);
    let rows = || quiet.admin("GET", "executions?app=shop", &Value::Null).json()["items"].as_array().unwrap().clone();
    eventually(|| rows().len() == 2);
    assert!(rows().iter().all(|row| row["trace_id"] == TRACE) && collector.spans().len() == before);
}

#[test]
fn a_visitor_can_not_force_sampling() {
    let (collector, outside) = (Outside::start("200 OK"), Outside::start("200 OK"));
    let settings = format!("otlp_endpoint = \"http://{}\"\nsample_ratio = 0.0", collector.address);
    let instance = shop(&outside, &settings);
    for _ in 0..5 {
        assert_eq!(visit(&instance, "/call", &[&format!("traceparent: {PARENT}")]), 200);
    }
    let seen = outside.seen();
    assert_eq!(seen.len(), 10);
    for (head, _) in &seen {
        let handed_on = field(head, "traceparent");
        assert!(handed_on.starts_with(&format!("00-{TRACE}-")) && handed_on.ends_with("-00"), "{handed_on}");
    }
    // One whose proxy decides: the tests come from loopback, which is trusted.
    let by_proxy = shop(&outside, &format!("{settings}\ntrust_parent = true"));
    assert_eq!(visit(&by_proxy, "/throws", &[&format!("traceparent: {PARENT}")]), 502);
    assert_eq!(visit(&by_proxy, "/throws", &[&format!("traceparent: {}", PARENT.replace("-01", "-00"))]), 502);
    eventually(|| traced(&by_proxy, "exported") == 1);
    assert_eq!((collector.spans().len(), traced(&instance, "exported")), (1, 0));
}

#[test]
fn a_collector_that_is_away_or_refuses_holds_nobody_up() {
    let (collector, outside) = (Outside::start("500 Broken"), Outside::start("200 OK"));
    let mut instance = shop(&outside, &format!("otlp_endpoint = \"http://{}\"\nsample_ratio = 1.0", collector.address));
    assert_eq!(visit(&instance, "/throws", &[]), 502);
    eventually(|| traced(&instance, "undelivered") == 1);
    assert_eq!(collector.seen().len(), 1, "what was refused is not sent again");
    // What is still in the queue goes out at the end, and an end comes.
    assert_eq!(visit(&instance, "/throws", &[]), 502);
    assert!(instance.stop().success());
    assert_eq!(collector.spans().len(), 2);
}
