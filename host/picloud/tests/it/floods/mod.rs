//! Clients that mean ill, against the whole program (S-4.1, S-4.7): whatever they hold or send, a visitor who behaves is served, and every answer is his.
//!
//! No clock decides: an attack goes on until the visitor has had so many more answers.

mod attackers;
mod connections;
mod http2;
mod oversized;

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use serde_json::json;

use crate::{
    full::Over,
    http::send,
    instance::{Instance, PASSWORD, eventually},
};

/// Answers that the visitor gets while an attack is at its height.
const ANSWERS: usize = 60;
/// Echoes, so that each answer is one that nobody else can have been sent.
const ECHO: &str = "`${ctx.request.method} ${ctx.request.query.n} ${ctx.request.body}`";

/// Somebody who asks all the time.
struct Visitor<'a> {
    instance: &'a Instance,
    answers: &'a AtomicUsize,
}

impl Visitor<'_> {
    /// Returns when he has been served so often that the attack has lasted.
    fn is_served(&self) {
        let before = self.answers.load(SeqCst);
        eventually(|| self.answers.load(SeqCst) >= before + ANSWERS);
    }
}

/// Asks, now without and now with a body, until all is over.
fn ask(instance: &Instance, answers: &AtomicUsize, over: &AtomicBool) {
    while !over.load(SeqCst) {
        let n = answers.load(SeqCst);
        let (method, body) = if n.is_multiple_of(2) { ("GET", String::new()) } else { ("POST", format!("body {n}")) };
        let answer =
            send(instance.port, method, &format!("/echo?n={n}"), &["Host: shop.localhost", "Content-Type: text/plain"], &body).unwrap();
        assert_eq!((answer.status, answer.body), (200, format!("{method} {n} {body}")), "{}", answer.head);
        answers.fetch_add(1, SeqCst);
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Serves a visitor while an attack is made. Only 127.0.0.1, who he is, counts as a proxy: the attackers are strangers.
fn while_attacked(attack: impl FnOnce(&Visitor<'_>)) {
    let mut instance = Instance::configured("trusted_proxies = ['127.0.0.1/32']\n");
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance.without_rates("shop");
    instance.script("shop", "echo", ECHO, "/echo");
    instance.script("shop", "large", r#"blob(1024 * 1024, 65)"#, "/large");
    let pieces = r#"response::start(); let piece = blob(65536, 66); for n in 0..100 { response::write(piece); }"#;
    instance.script("shop", "pieces", pieces, "/pieces");
    let (answers, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let _over = Over(&over);
        let asking = scope.spawn(|| ask(&instance, &answers, &over));
        attack(&Visitor { instance: &instance, answers: &answers });
        over.store(true, SeqCst);
        asking.join().unwrap();
    });
    println!("{} right answers", answers.load(SeqCst));
}
