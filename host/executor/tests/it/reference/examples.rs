//! Each example of the reference runs in the sandbox, and gives what is printed.

use execution::{Execute, HttpRequest, Invocation, InvocationType, Limits, Outcome, dead_letters::DeadLetter, http::Response};
use executor::Memory;

use super::source::{self, Entry};
use crate::{
    dead_letters::letter,
    sandbox::{answer, compile_with, executor, invocation, request},
};

#[tokio::test]
async fn every_example_gives_what_the_reference_says() {
    let mut wrong = Vec::new();
    for part in source::all() {
        for entry in &part.entries {
            let (outcome, pieces) = run(entry).await;
            let given = given(entry, &outcome, &pieces);
            if given != expected(entry) {
                wrong.push(format!("{}:\n--- says\n{}\n--- gives\n{given}", entry.title(), expected(entry)));
            }
        }
    }
    assert!(wrong.is_empty(), "guest/api\n{}", wrong.join("\n\n"));
}

#[test]
fn every_example_shows_its_function() {
    for entry in source::all().iter().flat_map(|part| &part.entries) {
        for signature in entry.signatures() {
            assert!(entry.example.contains(&format!("{}(", signature.path)), "the example of {} is of something else", entry.title());
        }
    }
}

async fn run(entry: &Entry) -> (Outcome, String) {
    let modules: Vec<_> = entry.modules.iter().map(|(name, source)| (name.as_str(), source.as_str())).collect();
    let image = compile_with(entry.example(), &modules).await.unwrap_or_else(|error| panic!("{}: {error}", entry.title()));
    let request = entry.request.as_ref().map_or_else(|| request("GET", "/"), |text| read(text.trim(), entry.route.as_deref()));
    let mut invocation = invocation(request);
    if let Some(event) = &entry.event {
        invocation = Invocation { invocation_type: InvocationType::Queue, request: None, event: Some(event.clone()), ..invocation };
    }
    let memory = Memory::default();
    memory.set_now_ms(invocation.now_ms);
    entry.endpoints.iter().for_each(|name| memory.set_endpoint(name));
    entry.secrets.iter().for_each(|(name, value)| memory.set_secret(name, value));
    entry.dead_letters.iter().for_each(|of| memory.set_dead_letter(dead_letter(of)));
    entry.servers.iter().for_each(|(url, text)| memory.set_answer(server(url, text.trim())));
    let outcome = executor().await.execute(&image, &invocation, &Limits::default(), Box::new(memory.clone())).await;
    (outcome, String::from_utf8(memory.pieces()).expect("text"))
}

fn dead_letter([id, script, payload]: &[String; 3]) -> DeadLetter {
    DeadLetter { id: id.parse().expect("a UUID"), ..letter(0, script, payload) }
}

/// An answer as HTTP writes it: status, headers, an empty line, body.
fn server(url: &str, text: &str) -> Response {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let (status, headers) = head.split_once('\n').unwrap_or((head, ""));
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned())).expect("a name and a value");
    Response {
        status: status.parse().expect("a status"),
        headers: headers.lines().map(header).collect(),
        body: body.into(),
        url: url.to_owned(),
        redirects: 0,
    }
}

/// A request as HTTP writes it, but for what only a connection needs. Queries are not encoded.
fn read(text: &str, route: Option<&str>) -> HttpRequest {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let (first, headers) = head.split_once('\n').unwrap_or((head, ""));
    let (method, target) = first.split_once(' ').expect("a method and a target");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let pair = |text: &str, separator| {
        let (name, value) = text.split_once(separator).expect("a name and a value");
        (name.trim().to_owned(), value.trim().to_owned())
    };
    let segments = route.unwrap_or_default().split('/').zip(path.split('/'));
    HttpRequest {
        params: segments.filter_map(|(name, value)| Some((name.strip_prefix(':')?.to_owned(), value.to_owned()))).collect(),
        query: query.split('&').filter(|text| !text.is_empty()).map(|text| pair(text, '=')).collect(),
        headers: headers.lines().map(|line| pair(line, ':')).collect(),
        body: body.into(),
        ..request(method, path)
    }
}

fn expected(entry: &Entry) -> String {
    let body = entry.gives.trim();
    let status = entry.status.unwrap_or(if body.is_empty() { 204 } else { 200 });
    shown(status, entry.headers.as_deref(), &entry.logs, body)
}

fn given(entry: &Entry, outcome: &Outcome, pieces: &str) -> String {
    let response = match &outcome.result {
        Ok(response) => response,
        Err(failure) => return format!("{failure:?}"),
    };
    let (status, whole) = answer(outcome);
    let body = whole + pieces.trim();
    let headers: Vec<_> = response.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let line = |line: &execution::LogLine| {
        let fields = line.fields.as_ref().map(|fields| format!(" {fields}")).unwrap_or_default();
        format!("{} {}{fields}", format!("{:?}", line.level).to_lowercase(), line.message)
    };
    let logs: Vec<_> = outcome.logs.lines.iter().map(line).collect();
    shown(status, entry.headers.as_ref().map(|_| headers.as_slice()), &logs, &body)
}

fn shown(status: u16, headers: Option<&[String]>, logs: &[String], body: &str) -> String {
    format!("{status} {:?} {logs:?}\n{body}", headers.unwrap_or_default())
}
