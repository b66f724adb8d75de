//! Certificates only for names at which something answers, however many are asked for (S-7.1).

use serde_json::json;

use super::{Caddy, File};
use crate::{
    instance::{Instance, PASSWORD, eventually},
    outage::Database,
};

/// Made-up names, in all.
const FLOOD: usize = 300;
/// Who asks for them at once.
const CLIENTS: usize = 4;

/// How many of the made-up names got a connection.
fn flood(caddy: &Caddy) -> usize {
    let ask = |client: usize| (client..FLOOD).step_by(CLIENTS).filter(|number| caddy.connect(&made_up(*number)).is_ok()).count();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || ask(client))).collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    })
}

/// Below the base domain, below a claimed domain, and anywhere.
fn made_up(number: usize) -> String {
    match number % 3 {
        0 => format!("made-up-{number}.localhost"),
        1 => format!("made-up-{number}.shop.example.com"),
        _ => format!("made-up-{number}.example.net"),
    }
}

#[test]
fn s_7_1_a_flood_of_names_gets_no_certificate_and_needs_no_database() {
    let mut database = Database::start();
    let mut instance = Instance::node(&database.url());
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance.script("shop", "hello", r#""hello""#, "/");
    for host in ["shop.example.com", "late.example.com"] {
        assert_eq!(instance.admin("POST", "domains", &json!({ "app": "shop", "host": host })).status, 201);
        eventually(|| instance.visit(host, "/").status == 200);
    }
    let caddy = Caddy::start(File::Production, "localhost", &[&instance]);
    assert_eq!(caddy.curl("shop.example.com", "/", &[]), "hello");
    assert!(caddy.connect("unclaimed.example.com").is_err());
    let refused = caddy.curl("unclaimed.example.com", "/", &[]);
    assert!(refused.contains("alert"), "it ends in the handshake: {refused}");

    // With nobody to ask but the process itself: what is not there is refused, and what is there gets its certificate.
    database.stop();
    assert_eq!(flood(&caddy), 0);
    assert_eq!(caddy.curl("late.example.com", "/", &[]), "hello");
    assert_eq!(caddy.names(), ["late.example.com", "localhost", "shop.example.com"]);
}
