//! What a visitor and a script see of each other with Caddy between them.

use serde_json::{Value, json};

use super::{Caddy, File};
use crate::{
    http::send,
    instance::{Instance, PASSWORD, eventually},
};

const TELLS: &str = "#{ host: ctx.request.host, scheme: ctx.request.scheme, client_ip: ctx.request.client_ip, body: ctx.request.body }";

fn shop(caddy: File) -> (Instance, Caddy) {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance.script("shop", "tells", TELLS, "/tells");
    assert_eq!(instance.admin("POST", "domains", &json!({ "app": "shop", "host": "shop.example.com" })).status, 201);
    eventually(|| instance.visit("shop.example.com", "/tells").status == 200);
    let caddy = Caddy::start(caddy, "localhost", &[&instance]);
    (instance, caddy)
}

fn told(caddy: &Caddy, host: &str, arguments: &[&str]) -> Value {
    let answer = caddy.curl(host, "/tells", arguments);
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

#[test]
fn a_claimed_domain_answers_over_https() {
    let (_instance, caddy) = shop(File::Production);
    for host in ["shop.example.com", "shop.localhost"] {
        let expected = json!({ "host": host, "scheme": "https", "client_ip": "127.0.0.1", "body": "hello" });
        assert_eq!(told(&caddy, host, &["--data-binary", "hello", "--header", "Content-Type: text/plain"]), expected);
    }
    assert_eq!(caddy.curl("localhost", "/healthz", &[]), "ok", "the instance's own host");
    for (version, argument) in [("1.1", "--http1.1"), ("2", "--http2")] {
        let written = caddy.curl("shop.example.com", "/tells", &[argument, "--output", "/dev/null", "--write-out", "%{http_version}"]);
        assert_eq!(written, version);
    }
    // Who comes without TLS is sent to it.
    let redirected = send(caddy.http_port, "GET", "/tells?a=1", &["Host: shop.example.com"], "").unwrap();
    assert_eq!(redirected.status, 308);
    assert!(redirected.header("location").is_some_and(|to| to.starts_with("https://shop.example.com") && to.ends_with("/tells?a=1")));
    // The bounds of the file hold.
    let long = format!("X-Long: {}", "x".repeat(100_000));
    assert_eq!(
        caddy.curl("shop.example.com", "/tells", &["--http1.1", "--header", &long, "--write-out", "%{http_code}"]),
        "431 Request Header Fields Too Large431"
    );
}

#[test]
fn s_4_4_the_client_of_caddy_is_the_client_and_nobody_can_pretend_to_be_another() {
    let (_instance, caddy) = shop(File::Production);
    let client = |arguments: &[&str]| told(&caddy, "shop.example.com", arguments)["client_ip"].clone();
    assert_eq!(client(&["--interface", "127.0.0.2"]), "127.0.0.2");
    let spoofed = [
        "X-Forwarded-For: 203.0.113.9",
        "X-Forwarded-For: 203.0.113.9, 127.0.0.1",
        "X-Real-IP: 203.0.113.9",
        "Forwarded: for=203.0.113.9;proto=http",
    ];
    for header in spoofed {
        assert_eq!(client(&["--interface", "127.0.0.2", "--header", header]), "127.0.0.2", "{header}");
    }
    let others = ["--header", "X-Forwarded-Proto: http", "--header", "X-Forwarded-Host: hello.localhost"];
    let seen = told(&caddy, "shop.example.com", &others);
    assert_eq!((&seen["scheme"], &seen["host"]), (&json!("https"), &json!("shop.example.com")));
}

#[test]
fn the_file_for_a_laptop_serves_the_same() {
    let (_instance, caddy) = shop(File::Local);
    let expected = json!({ "host": "shop.localhost", "scheme": "https", "client_ip": "127.0.0.1", "body": () });
    assert_eq!(told(&caddy, "shop.localhost", &[]), expected);
    assert_eq!(caddy.curl("localhost", "/healthz", &["--http2"]), "ok");
    assert!(caddy.connect("nobody.localhost").is_err());
    assert_eq!(caddy.names(), ["localhost", "shop.localhost"]);
}
