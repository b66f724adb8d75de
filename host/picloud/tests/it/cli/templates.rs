//! What `picloud init` offers, each from the empty folder to its answers: under `picloud dev`, and deployed at an instance.

use serde_json::json;

use super::{
    Person,
    dev::{Development, ask, person_with},
};
use crate::{
    http::Answer,
    instance::{Instance, eventually},
    topics::Listener,
};

const JSON: &str = "Content-Type: application/json";

/// Where a template answers, and how its secrets are set.
struct Running<'a> {
    port: u16,
    person: &'a Person,
    flags: &'a [&'a str],
}

impl Running<'_> {
    fn ask(&self, method: &str, target: &str, headers: &[&str], body: &str) -> Answer {
        ask(self.port, method, target, headers, body)
    }

    fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, &[], "")
    }

    fn secret(&self, name: &str, value: &str) {
        self.person.run_with(&[&["secrets", "set", name], self.flags].concat(), value, &[]).is(0);
    }
}

/// Under `picloud dev`, then deployed.
fn everywhere(template: &str, answers: impl Fn(&Running<'_>)) {
    let mut development = Development::of(person_with(template));
    answers(&Running { port: development.port, person: &development.person, flags: &["--dev"] });
    let instance = Instance::start();
    development.person.log_in_at(&instance);
    development.person.run(&["deploy", "--create"]).is(0);
    answers(&Running { port: instance.port, person: &development.person, flags: &[] });
}

#[test]
fn an_api_keeps_its_notes() {
    everywhere("api", |running| {
        let made = running.ask("POST", "/notes", &[JSON], r#"{"text": "buy tea"}"#);
        assert_eq!(made.status, 201, "{made:?}");
        let place = made.header("location").unwrap().to_owned();
        assert_eq!(running.get(&place).json()["text"], "buy tea");
        assert_eq!(running.get("/notes").json()["notes"].as_array().unwrap().len(), 1);
        let id = made.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(running.get(&format!("/notes?after={id}")).json(), json!({ "notes": [], "next": null }));
        for body in [r#"{"text": " "}"#, "[]", "{", r#"{"text": 5}"#] {
            assert_eq!(running.ask("POST", "/notes", &[JSON], body).status, 400, "{body}");
        }
        assert_eq!(running.ask("PUT", &place, &[JSON], r#"{"text": "buy cups"}"#).json()["text"], "buy cups");
        assert_eq!(running.ask("PATCH", &place, &[], "").status, 405);
        assert_eq!(running.ask("DELETE", &place, &[], "").status, 204);
        assert_eq!((running.get(&place).status, running.get("/notes").json()["notes"].clone()), (404, json!([])));
    });
}

#[test]
fn a_webhook_is_taken_if_it_is_signed_and_once() {
    everywhere("webhook", |running| {
        running.secret("WEBHOOK_SECRET", "the secret");
        let body = r#"{"paid":true}"#;
        // By openssl: printf '{"paid":true}' | openssl dgst -sha256 -hmac 'the secret'
        let signed = "X-Hub-Signature-256: sha256=356e4f41462923d73b7d70a9a8309d916b976067586ef9b82b5e9c6c884dacf7";
        let post = |headers: &[&str]| running.ask("POST", "/hooks/shop", &[&[JSON], headers].concat(), body).status;
        assert_eq!((post(&[]), post(&["X-Hub-Signature-256: sha256=00"])), (401, 401));
        assert_eq!((post(&[signed]), post(&[signed])), (202, 200));
        eventually(|| running.get("/events").json().as_array().is_some_and(|events| events.len() == 1));
        let event = running.get("/events").json()[0].clone();
        assert_eq!((&event["source"], &event["body"]), (&json!("shop"), &json!({ "paid": true })));
    });
}

#[test]
fn a_report_counts_and_begins_anew() {
    everywhere("report", |running| {
        for page in ["tea", "cups", "tea"] {
            assert_eq!(running.ask("POST", &format!("/hit/{page}"), &[], "").status, 204);
        }
        assert_eq!(running.get("/reports/latest").status, 404);
        // As the schedule starts it, by hand.
        let report = || running.person.run(&[&["invoke", "report"], running.flags].concat()).is(0);
        report().printed("\"hits\":3");
        let latest = running.get("/reports/latest");
        assert_eq!(latest.body, "page,hits\ncups,1\ntea,2\n");
        assert!(latest.header("content-disposition").unwrap().contains(".csv"), "{latest:?}");
        report().printed("\"hits\":0");
    });
}

#[test]
fn a_short_link_leads_on_and_counts() {
    everywhere("links", |running| {
        running.secret("LINKS_TOKEN", "let me");
        let key = "Authorization: Bearer let me";
        let shorten = |headers: &[&str], body: &str| running.ask("POST", "/links", &[&[JSON], headers].concat(), body);
        let body = r#"{"url":"https://rhai.rs/book/"}"#;
        assert_eq!((shorten(&[], body).status, shorten(&["Authorization: Bearer no"], body).status), (401, 401));
        assert_eq!(shorten(&[key], r#"{"url":"javascript:alert(1)"}"#).status, 400);
        let made = shorten(&[key], body).json();
        let code = made["code"].as_str().unwrap();
        assert_eq!(made["short"], format!("http://shop.localhost:{}/{code}", running.port));
        let followed = running.get(&format!("/{code}"));
        assert_eq!((followed.status, followed.header("location")), (302, Some("https://rhai.rs/book/")));
        assert_eq!(running.get(&format!("/links/{code}")).json()["followed"], 1);
        assert_eq!(running.get("/nothing").status, 404);
    });
}

#[test]
fn a_guest_book_has_pages_and_tells_who_looks() {
    everywhere("guestbook", |running| {
        let page = running.get("/");
        assert!(page.body.contains("<h1>Guest book</h1>"), "{page:?}");
        assert_eq!(running.get("/guestbook.js").header("content-type"), Some("text/javascript; charset=utf-8"));
        assert!(running.get("/nothing").body.contains("Nothing here"));
        assert_eq!(running.get("/.well-known/picloud/topics.js").status, 200);
        let token = running.get("/api/token").body;
        let mut listener = Listener::at(running.port, &format!("entries?token={token}"), None);
        assert_eq!(running.ask("POST", "/api/entries", &[JSON], r#"{"name":"","text":"x"}"#).status, 400);
        let entry = running.ask("POST", "/api/entries", &[JSON], r#"{"name":"Ada","text":"<b>hello</b>"}"#);
        assert_eq!(entry.status, 201, "{entry:?}");
        let entries = running.get("/api/entries").json();
        assert_eq!((&entries[0]["name"], &entries[0]["text"]), (&json!("Ada"), &json!("<b>hello</b>")));
        assert_eq!(listener.hears().data["name"], "Ada");
    });
}
