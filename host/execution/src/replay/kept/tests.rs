#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use uuid::Uuid;

use super::*;
use crate::{
    Answered, Call, Ended, HttpRequest, Invocation, InvocationType, Limits, LogLine, Logs, Response, Usage, http, kv,
    replay::{FORMAT, Recording},
};

const LONG: &str = "a \"long\" secret\nof two lines";
const SHORT: &str = "pin";

fn secret(version: SecretVersion, value: &str) -> Secret {
    Secret::new(version, value.to_owned().into())
}

fn call(question: Question, answer: Answer) -> Call {
    Call { question, answered: Answered { answer, now_ms: 7 } }
}

/// A recording that has both secrets everywhere that one can be.
fn recording() -> Recording {
    let all = format!("{LONG}, {SHORT}");
    let binary = [&[0xff, 0][..], LONG.as_bytes(), SHORT.as_bytes(), &[0xfe]].concat();
    let pairs = |name: &str| vec![(name.to_owned(), all.clone())];
    let request = http::Request {
        method: "POST".into(),
        url: format!("https://a.test/{SHORT}"),
        headers: pairs("a"),
        body: binary.clone(),
        timeout_ms: None,
    };
    let response =
        http::Response { status: 200, headers: pairs("b"), body: all.clone().into(), url: "https://a.test/".into(), redirects: 0 };
    let request_in = HttpRequest {
        headers: vec![("authorization".into(), "Bearer x".into()), ("cookie".into(), "a=b".into()), ("x".into(), "y".into())],
        ..HttpRequest::default()
    };
    Recording {
        format: FORMAT,
        guest: "g".into(),
        invocation: Invocation {
            execution_id: Uuid::nil(),
            request_id: "r".into(),
            script_id: Uuid::nil(),
            script_name: "main".into(),
            app: "shop".into(),
            deployment: 3,
            invocation_type: InvocationType::Http,
            request: Some(request_in),
            event: None,
            depth: 0,
            now_ms: 1,
            seed: [7; 32],
        },
        limits: Limits::default(),
        shared_host: true,
        calls: vec![
            call(Question::Secret { name: "LONG".into() }, Answer::Secret(Ok(Some(secret(3, LONG))))),
            call(Question::Secret { name: "SHORT".into() }, Answer::Secret(Ok(Some(secret(4, SHORT))))),
            call(Question::Secret { name: "NONE".into() }, Answer::Secret(Ok(None))),
            call(Question::KvGet { key: all.clone() }, Answer::KvGet(Ok(Some(kv::Stored { value: all.clone(), version: 1 })))),
            call(Question::Http { requests: vec![request], bytes_max: 9 }, Answer::Http(Ok(vec![Ok(response)]))),
        ],
        ended: Ended {
            result: Ok(Response { status: 200, headers: pairs("c"), body: binary }),
            usage: Usage::default(),
            logs: Logs { lines: vec![LogLine { level: crate::Level::Info, message: all, fields: None }], dropped: 0 },
            effects: None,
        },
    }
}

fn find(name: &str) -> Option<Secret> {
    match name {
        "LONG" => Some(secret(3, LONG)),
        "SHORT" => Some(secret(4, SHORT)),
        _ => None,
    }
}

#[test]
fn s_6_4_a_kept_recording_has_no_secret_and_opens_to_what_it_was() {
    let recording = recording();
    let kept = KeptRecording::of(&recording).unwrap();
    let text = String::from_utf8(kept.to_bytes()).unwrap();
    for value in ["long", "two lines", SHORT, &bytes::encode(LONG.as_bytes())[..12]] {
        assert!(!text.contains(value), "{value}: {text}");
    }
    let read = KeptRecording::read(&kept.to_bytes()).unwrap();
    assert_eq!(read.open(find).unwrap(), recording);
}

/// Words of the form itself, parts of names, of numbers and of each other; and a body that a script wrote as JSON.
#[test]
fn s_6_4_whatever_a_secret_reads_like_it_is_hidden_and_comes_back() {
    let values = ["info", "LONG", "0", "kv_get", "@3", "a", "multi\n\"line\" \\ key", "7"];
    let secret_of = |name: &str| {
        let place: usize = name.strip_prefix("S_").and_then(|number| number.parse().ok())?;
        Some(secret(i64::try_from(place).ok()?, values.get(place)?))
    };
    let mut recording = recording();
    recording.calls.clear();
    for (place, value) in values.iter().enumerate() {
        let name = format!("S_{place}");
        recording.calls.push(call(Question::Secret { name: name.clone() }, Answer::Secret(Ok(secret_of(&name)))));
        let body = serde_json::json!({ "t": value }).to_string().into_bytes();
        let request = http::Request { url: "https://a.test/".into(), body, ..http::Request::default() };
        recording.calls.push(call(Question::Http { requests: vec![request], bytes_max: 9 }, Answer::Http(Ok(Vec::new()))));
    }
    let kept = KeptRecording::of(&recording).unwrap();
    let text = String::from_utf8(kept.to_bytes()).unwrap();
    assert!(!text.contains("multi"), "{text}");
    assert_eq!(KeptRecording::read(&kept.to_bytes()).unwrap().open(secret_of).unwrap(), recording);
}

#[test]
fn a_secret_that_has_changed_or_gone_is_named() {
    let kept = KeptRecording::of(&recording()).unwrap();
    let gone = |name: &str, version| NotReplayable::SecretGone { name: name.to_owned(), version };
    assert_eq!(kept.open(|name| find(name).filter(|_| name != "SHORT")), Err(gone("SHORT", 4)));
    assert_eq!(kept.open(|name| if name == "LONG" { Some(secret(9, "new")) } else { find(name) }), Err(gone("LONG", 3)));
    assert_eq!(gone("LONG", 3).to_string(), "LONG@3 is gone");
    assert_eq!(KeptRecording::read(b"{\"format\":2}").unwrap().open(find), Err(NotReplayable::Form));
}

#[test]
fn credentials_of_the_visitor_are_not_shown() {
    let shown = KeptRecording::of(&recording()).unwrap().shown();
    assert_eq!(
        shown["invocation"]["request"]["headers"],
        serde_json::json!([["authorization", "(not shown)"], ["cookie", "(not shown)"], ["x", "y"]])
    );
}

/// What a run with the stand-ins asks, logs and answers is what the opened recording says, also where the value had an escape.
#[test]
fn an_exported_recording_opens_with_something_in_the_place_of_each_secret() {
    let recording = recording();
    let shown = KeptRecording::of(&recording).unwrap().shown();
    let exported = KeptRecording::read(shown.to_string().as_bytes()).unwrap().open_exported().unwrap();
    assert_eq!(exported.stand_ins, ["LONG@3", "SHORT@4"]);
    assert_eq!(exported.not_shown, ["authorization", "cookie"]);
    assert!(!exported.has_comparable_fuel());
    let values = exported
        .recording
        .calls
        .iter()
        .filter_map(|call| match &call.answered.answer {
            Answer::Secret(Ok(Some(secret))) => Some(secret.reveal().to_owned()),
            _ => None,
        })
        .collect::<Vec<_>>();
    let [long, short] = values.as_slice() else { panic!("{values:?}") };
    // Both are in the log, where the sandbox would have hidden a long one.
    assert!(long != short && long.len().max(short.len()) < crate::REDACTED_BYTES_MIN, "{long} {short}");
    let Question::KvGet { key } = &exported.recording.calls[3].question else { panic!("another call") };
    assert_eq!(*key, format!("{long}, {short}"));
    assert!(!serde_json::to_string(&exported.recording).unwrap().contains(BEGIN));
}

#[test]
fn a_stand_in_is_as_long_as_the_sandbox_needs_it_to_log_the_same() {
    let mut recording = recording();
    recording.ended.logs.lines.clear();
    let body = serde_json::json!({ "t": LONG }).to_string().into_bytes();
    recording.ended.result = Ok(Response { status: 200, headers: Vec::new(), body });
    let exported = KeptRecording::of(&recording).unwrap().open_exported().unwrap();
    let Ok(Response { body, .. }) = &exported.recording.ended.result else { panic!("a failure") };
    assert_eq!(String::from_utf8_lossy(body), r#"{"t":"stand-in-for-LONG-3"}"#);
}
