//! Topics of the whole program: what scripts publish reaches those who listen, in order and once, and nothing that was rolled back.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    instance::{Instance, PASSWORD, eventually},
    nodes::Database,
};

const PUBLISH: &str = r#"
    let q = ctx.request.query;
    let count = if "count" in q { parse_int(q.count) } else { 1 };
    let text = "";
    if "bytes" in q { text.pad(parse_int(q.bytes), 'x'); }
    for n in 0..count { pubsub::publish(q.topic, #{ n: parse_int(q.n) + n, text: text }); }
    if q.end == "throw" { throw "not published"; }
"#;
const SEEN: &str = r#"kv::set("seen", #{ topic: ctx.event.topic, message: ctx.event.message, type: ctx.invocation_type })"#;

/// Somebody who listens.
pub(crate) struct Listener {
    lines: BufReader<TcpStream>,
    status: u16,
}

/// What he hears: an event's name (`message` if it has none), its id and its data.
#[derive(Debug, PartialEq)]
pub(crate) struct Heard {
    event: String,
    id: String,
    pub(crate) data: Value,
}

impl Listener {
    pub(crate) fn at(port: u16, target: &str, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        write!(stream, "GET /.well-known/picloud/topics/{target} HTTP/1.1\r\nHost: shop.localhost\r\n{last}\r\n").unwrap();
        let mut lines = BufReader::new(stream);
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap().parse().unwrap();
        while line != "\r\n" {
            line.clear();
            lines.read_line(&mut line).unwrap();
        }
        let mut listener = Self { lines, status };
        if status == 200 {
            // The first event of each stream says how long to wait before coming back; then he is known to listen.
            while !listener.line().starts_with("retry:") {}
        }
        listener
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.lines.read_line(&mut line).unwrap() > 0, "the stream ended");
        line.trim_end().to_owned()
    }

    /// The next event.
    pub(crate) fn hears(&mut self) -> Heard {
        self.hears_or_ends().unwrap_or_else(|| panic!("the stream ended"))
    }

    /// The next event, or the end of the stream: a chunk of no bytes. Sizes of others and comments are passed over.
    fn hears_or_ends(&mut self) -> Option<Heard> {
        let mut heard = Heard { event: "message".to_owned(), id: String::new(), data: Value::Null };
        loop {
            let line = self.line();
            if line == "0" {
                return None;
            }
            match line.split_once(": ") {
                Some(("event", event)) => event.clone_into(&mut heard.event),
                Some(("id", id)) => id.clone_into(&mut heard.id),
                Some(("data", data)) => {
                    heard.data = serde_json::from_str(data).unwrap();
                    return Some(heard);
                }
                _ => {}
            }
        }
    }
}

fn shop(instance: &mut Instance) {
    instance.log_in(PASSWORD);
    for app in ["shop", "other"] {
        assert_eq!(instance.admin("POST", "apps", &json!({ "slug": app })).status, 201);
        instance.script(app, "token", "pubsub::token(ctx.request.query.topic, 60)", "/token");
    }
    instance.script("shop", "publish", PUBLISH, "/publish");
    instance.script("shop", "seen", SEEN, "/seen");
    instance.without_rates("shop");
}

fn token(instance: &Instance, app: &str, topic: &str) -> String {
    let answer = instance.visit(&format!("{app}.localhost"), &format!("/token?topic={topic}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

fn listens(instance: &Instance, topic: &str, last: Option<&str>) -> Listener {
    let listener = Listener::at(instance.port, &format!("{topic}?token={}", token(instance, "shop", topic)), last);
    assert_eq!(listener.status, 200);
    listener
}

fn publishes(instance: &Instance, query: &str) -> u16 {
    instance.visit("shop.localhost", &format!("/publish?{query}")).status
}

#[test]
fn who_listens_hears_what_was_committed_and_nothing_else() {
    let mut instance = Instance::start();
    shop(&mut instance);
    let mut listener = listens(&instance, "orders/7", None);
    assert_eq!(publishes(&instance, "topic=orders/7&n=1&end=throw"), 502);
    assert_eq!(publishes(&instance, "topic=orders/8&n=2"), 204);
    assert_eq!(publishes(&instance, "topic=orders/7&n=3&count=3"), 204);
    let heard: Vec<_> = (0..3).map(|_| listener.hears()).collect();
    assert_eq!(heard.iter().map(|one| one.data["n"].as_i64().unwrap()).collect::<Vec<_>>(), [3, 4, 5]);
    // By hand it is the same.
    assert_eq!(instance.admin("POST", "topics/orders%2F7?app=shop", &json!({ "message": { "n": 6 } })).status, 204);
    assert_eq!(listener.hears().data, json!({ "n": 6 }));
    let topics = instance.admin("GET", "topics?app=shop", &Value::Null).json();
    assert_eq!((&topics["items"][0]["topic"], &topics["items"][0]["messages"]), (&json!("orders/7"), &json!(4)));
    let messages = instance.admin("GET", "topics/orders%2F7?app=shop", &Value::Null).json();
    assert_eq!(messages["messages"][0]["message"], json!({ "n": 6 }));

    // Who comes back goes on behind what he had; who has been away for too long is told.
    let mut back = listens(&instance, "orders/7", Some(&heard[1].id));
    assert_eq!(
        (back.hears(), back.hears().data["n"].as_i64()),
        (Heard { event: "message".into(), id: heard[2].id.clone(), data: heard[2].data.clone() }, Some(6))
    );
    assert_eq!(listens(&instance, "orders/7", Some("1-1")).hears().event, "picloud.gap");

    // The client is there, and another page is not.
    assert!(instance.visit("shop.localhost", "/.well-known/picloud/topics.js").body.contains("export function listen"));
    for (target, status) in [
        ("orders/7".to_owned(), 401),
        ("orders/7?token=1.2".to_owned(), 401),
        (format!("orders/8?token={}", token(&instance, "shop", "orders/7")), 401),
        (format!("orders/7?token={}", token(&instance, "other", "orders/7")), 401),
        (format!("orders%2F7?token={}", token(&instance, "shop", "orders/7")), 404),
    ] {
        assert_eq!(Listener::at(instance.port, &target, None).status, status, "{target}");
    }
    // It ends when the server does, and does not hold it up.
    assert!(instance.stop().success());
    let mut rest = String::new();
    listener.lines.read_to_string(&mut rest).unwrap();
    assert!(!rest.contains("data:"), "{rest}");
}

#[test]
fn a_message_starts_a_script_and_reaches_other_nodes() {
    let database = Database::new();
    let mut one = Instance::node(database.fresh.url());
    let mut two = Instance::node(database.fresh.url());
    shop(&mut one);
    two.take_key_of(&one);
    let scripts = one.admin("GET", "scripts?app=shop", &Value::Null).json();
    let seen = scripts["items"].as_array().unwrap().iter().find(|script| script["name"] == "seen").unwrap()["id"].clone();
    let trigger = json!({ "app": "shop", "name": "heard", "script": seen, "on": { "kind": "topic", "topic": "orders" } });
    assert_eq!(one.admin("POST", "triggers", &trigger).status, 201);
    eventually(|| two.visit("shop.localhost", "/token?topic=orders").status == 200);
    let mut listener = listens(&two, "orders", None);
    assert_eq!(publishes(&one, "topic=orders&n=1"), 204);
    assert_eq!(listener.hears().data["n"], 1);
    eventually(|| one.admin("GET", "kv/seen?app=shop", &Value::Null).json()["value"]["message"]["n"] == 1);
    let seen = one.admin("GET", "kv/seen?app=shop", &Value::Null).json()["value"].clone();
    assert_eq!((&seen["topic"], &seen["type"]), (&json!("orders"), &json!("trigger")));
    assert!(two.stop().success());
}

#[test]
fn a_slow_reader_is_let_go_with_notice_and_misses_nothing() {
    const MESSAGES: i64 = 1_200;
    let mut instance = Instance::start();
    shop(&mut instance);
    let mut listener = listens(&instance, "flood", None);
    for n in 0..MESSAGES / 100 {
        assert_eq!(publishes(&instance, &format!("topic=flood&n={}&count=100&bytes=16000", n * 100)), 204);
    }
    let (mut next, mut first, mut last, mut dropped) = (0, String::new(), String::new(), 0);
    while next < MESSAGES {
        let heard = listener.hears();
        if heard.event == "picloud.dropped" {
            dropped += 1;
            listener = listens(&instance, "flood", Some(&last));
            continue;
        }
        assert_eq!(heard.data["n"], next, "each once, in order");
        (next, last) = (next + 1, heard.id);
        if next == 1 {
            first.clone_from(&last);
        }
    }
    assert!(dropped >= 1, "it was never too slow");
    // Who has missed more than he is given at once comes back for the rest.
    let mut connections = 0;
    for next in 1..MESSAGES {
        let heard = if connections > 0 { listener.hears_or_ends() } else { None };
        let heard = heard.unwrap_or_else(|| {
            connections += 1;
            listener = listens(&instance, "flood", Some(&first));
            listener.hears()
        });
        assert_eq!(heard.data["n"], next, "each once, in order");
        first = heard.id;
    }
    assert_eq!(connections, 2);
    // As many as may listen do, and one more is refused.
    assert_eq!(instance.admin("PATCH", "apps/shop", &json!({ "limits": { "listeners": 1 } })).status, 200);
    let refused = Listener::at(instance.port, &format!("flood?token={}", token(&instance, "shop", "flood")), None);
    assert_eq!(refused.status, 429);
    drop(listener);
    eventually(|| Listener::at(instance.port, &format!("flood?token={}", token(&instance, "shop", "flood")), None).status == 200);
}
