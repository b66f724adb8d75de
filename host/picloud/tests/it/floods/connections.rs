//! Who holds connections: idle, slow to ask, slow to send, slow to read.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{attackers::Attackers, while_attacked};
use crate::{
    http::send,
    instance::{Instance, eventually},
};

const GET: &str = "GET /echo?n=1 HTTP/1.1\r\nHost: shop.localhost\r\n\r\n";

/// A figure of `/metrics`, by the start of its line.
fn figure(instance: &Instance, name: &str) -> usize {
    let text = send(instance.internal_port, "GET", "/metrics", &["Host: x"], "").unwrap().body;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name} in {text}"));
    line.trim().parse().unwrap()
}

#[test]
fn s_4_1_five_thousand_idle_connections_keep_nobody_out() {
    while_attacked(|visitor| {
        let attackers = Attackers::of(visitor.instance.port);
        // Kept alive after an answer, so that they may stay for over a minute.
        let idle: Vec<_> = (2..22).flat_map(|host| attackers.answered(attackers.connect(host, 250, GET))).collect();
        assert_eq!(idle.len(), 5_000, "none was refused");
        assert!(figure(visitor.instance, "picloud_connections ") >= 5_000);
        visitor.is_served();
        // One address has 512 at most, and keeps only itself out.
        let refused = "picloud_connections_total{result=\"refused\"} ";
        assert_eq!(figure(visitor.instance, refused), 0);
        let greedy = attackers.answered(attackers.connect(30, 700, GET));
        assert_eq!((greedy.len(), figure(visitor.instance, refused)), (512, 188));
        assert_eq!(attackers.answered(attackers.connect(31, 1, GET)).len(), 1);
        visitor.is_served();
        drop((idle, greedy));
        eventually(|| figure(visitor.instance, "picloud_connections ") < 100);
        visitor.is_served();
    });
}

#[test]
fn s_4_1_whoever_is_slow_holds_only_his_connection() {
    while_attacked(|visitor| {
        let attackers = Attackers::of(visitor.instance.port);
        let silent = attackers.connect(2, 200, "");
        let heads = attackers.connect(3, 400, "GET /echo HTTP/1.1\r\nHost: shop.localhost\r\nX-A: ");
        // More than the places of the app, each of which a request takes.
        let post = |fields: &str| format!("POST /echo HTTP/1.1\r\nHost: shop.localhost\r\n{fields}\r\n");
        let bodies = attackers.connect(4, 200, &post("Content-Length: 100000\r\n"));
        let chunks = attackers.connect(5, 200, &(post("Transfer-Encoding: chunked\r\n") + "8000\r\n"));
        let log_in =
            "POST /api/v1/admin/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{";
        let log_ins = attackers.connect(8, 100, log_in);
        // A few at a time: to run so many executions at once is another attack.
        let unread = |host: u8, path: &str| {
            let ask = format!("GET {path} HTTP/1.1\r\nHost: shop.localhost\r\n\r\n");
            (0..10).flat_map(|_| attackers.answered(attackers.connect(host, 10, &ask))).collect::<Vec<_>>()
        };
        let (large, pieces) = (unread(6, "/large"), unread(7, "/pieces"));
        assert!(large.len() == 100 && pieces.len() == 100);
        visitor.is_served();
        let said = std::thread::scope(|scope| {
            let slow = [heads, bodies, chunks, log_ins].map(|streams| scope.spawn(|| attackers.trickle(streams)));
            visitor.is_served();
            slow.map(|trickling| trickling.join().unwrap())
        });
        // A head that does not end has no answer; a body that does not come is told so.
        let expected = ["", "HTTP/1.1 408 Request Timeout", "HTTP/1.1 408 Request Timeout", "HTTP/1.1 400 Bad Request"];
        assert_eq!(said, expected.map(|answer| vec![answer.to_owned()]));
        assert_eq!(attackers.open(&silent), 0, "who has said nothing by then is closed");
        visitor.is_served();
        drop((large, pieces));
        eventually(|| figure(visitor.instance, "picloud_connections ") < 100);
        visitor.is_served();
    });
}

/// Shells and services begin with 1,024 descriptors, of which 5,000 connections are not made.
#[test]
fn s_4_1_the_program_takes_the_descriptors_that_it_may_have() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(1_024), maximum }).unwrap();
    let instance = Instance::start();
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", instance.pid())).unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let soft: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
    assert_eq!(soft, maximum.map_or(65_536, |most| most.min(65_536)), "{limits}");
}
