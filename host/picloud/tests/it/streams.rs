//! Answers in pieces of the whole program: they leave while the script runs, the state is committed at the end, and what is missing can be seen.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    http::send,
    instance::{Instance, PASSWORD, eventually},
};

/// Sends `count` pieces of 64 KiB, each of one letter, and ends as it is told.
const EXPORT: &str = r#"
    let q = ctx.request.query;
    response::start(200, #{ "content-type": "text/csv", "x-export": "yes" });
    let pieces = ["a", "b", "c", "d"].map(|letter| { let piece = ""; piece.pad(65536, letter); piece });
    for n in 0..parse_int(q.count) { response::write(pieces[n % 4]); }
    kv::increment("exports");
    if q.end == "throw" { throw "no more"; }
"#;
/// Reads a key, waits for a piece to be taken, and ends: what was read may have changed.
const CROSSED: &str = r#"
    let before = kv::get("crossed", 0);
    kv::set("crossed", before + 1);
    response::start();
    let piece = "";
    piece.pad(65536, "x");
    for n in 0..400 { response::write(piece); }
"#;

/// An answer as it comes.
struct Reader {
    stream: BufReader<TcpStream>,
    head: String,
}

impl Reader {
    fn ask(instance: &Instance, method: &str, target: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", instance.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(stream, "{method} {target} HTTP/1.1\r\nHost: shop.localhost\r\n\r\n").unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0, "no answer: {head}");
        }
        Self { stream, head }
    }

    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn id(&self) -> String {
        let line = self.head.lines().find_map(|line| line.strip_prefix("picloud-execution-id: "));
        line.unwrap_or_else(|| panic!("no id in {}", self.head)).to_owned()
    }

    /// The next piece of the body; `None`: its end, or the connection's.
    fn piece(&mut self) -> Option<Vec<u8>> {
        let mut size = String::new();
        if self.stream.read_line(&mut size).unwrap_or(0) == 0 {
            return None;
        }
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut piece = vec![0; size + 2];
        self.stream.read_exact(&mut piece).ok()?;
        piece.truncate(size);
        Some(piece)
    }

    /// All that comes, and whether it came to its end.
    fn rest(&mut self) -> (Vec<u8>, bool) {
        let mut all = Vec::new();
        loop {
            match self.piece() {
                None => return (all, false),
                Some(piece) if piece.is_empty() => return (all, true),
                Some(piece) => all.extend(piece),
            }
        }
    }
}

fn shop(instance: &mut Instance) -> String {
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    let export = instance.script("shop", "export", EXPORT, "/export");
    for (name, source, path) in [
        ("crossed", CROSSED, "/crossed"),
        ("counts", r#"[kv::get("exports", 0), kv::get("crossed", 0)]"#, "/counts"),
        ("nothing", r#"response::start(204); response::write("x"); kv::increment("exports")"#, "/nothing"),
        ("invalid", r#"try { response::start(99); } catch (e) { return e.error; }"#, "/invalid"),
        ("framed", r#"response::start(200, #{ "content-length": "3", "transfer-encoding": "x" }); response::write("four")"#, "/framed"),
        ("soon", r#"response::start(201); response::write("first"); throw "at once""#, "/soon"),
        ("job", r#"response::start(); response::write("nobody"); kv::increment("exports")"#, "/job"),
        ("later", r#"queue::enqueue("job", 1)"#, "/later"),
    ] {
        instance.script("shop", name, source, path);
    }
    instance.without_rates("shop");
    export
}

/// The row of an execution, once it is there.
fn row(instance: &Instance, id: &str) -> Value {
    let path = format!("executions/{id}");
    eventually(|| instance.admin("GET", &path, &Value::Null).status == 200);
    instance.admin("GET", &path, &Value::Null).json()
}

/// Why it failed.
fn message(row: &Value) -> &str {
    row["error"]["message"].as_str().unwrap_or_else(|| panic!("no error in {row}"))
}

fn counts(instance: &Instance) -> [u64; 2] {
    serde_json::from_value(instance.visit("shop.localhost", "/counts").json()).unwrap()
}

#[test]
fn an_answer_in_pieces_leaves_while_its_script_runs_and_is_committed_at_its_end() {
    let mut instance = Instance::start();
    let export = shop(&mut instance);
    // Larger than a whole answer may be, and than what sockets hold.
    let mut reader = Reader::ask(&instance, "GET", "/export?count=800");
    assert_eq!(reader.status(), 200);
    assert!(reader.head.contains("content-type: text/csv") && reader.head.contains("x-export: yes"), "{}", reader.head);
    assert!(reader.head.contains("transfer-encoding: chunked"));
    let first = reader.piece().unwrap();
    assert!(first.iter().all(|byte| *byte == b'a') && !first.is_empty());
    // The script waits for its reader: nothing is committed, and there is no row.
    assert_eq!(counts(&instance), [0, 0]);
    assert_eq!(instance.admin("GET", &format!("executions/{}", reader.id()), &Value::Null).status, 404);
    let (rest, is_whole) = reader.rest();
    assert_eq!((first.len() + rest.len(), is_whole), (800 * 65_536, true));
    let expected = (0..800 * 65_536).skip(first.len()).map(|at: usize| b"abcd"[at / 65_536 % 4]);
    assert!(rest.iter().copied().eq(expected));
    assert_eq!(counts(&instance), [1, 0]);
    let ended = row(&instance, &reader.id());
    assert_eq!((&ended["outcome"], &ended["status"]), (&json!("ok"), &json!(200)));

    // What has no body is a whole answer.
    for (method, target, status) in [("HEAD", "/export?count=2", 200), ("GET", "/nothing", 204)] {
        let reader = Reader::ask(&instance, method, target);
        assert_eq!((reader.status(), reader.head.contains("chunked")), (status, false), "{}", reader.head);
    }
    assert_eq!(counts(&instance), [3, 0]);
    assert_eq!(instance.visit("shop.localhost", "/invalid").body, "response.invalid");
    // A script has no say in the framing.
    let mut framed = Reader::ask(&instance, "GET", "/framed");
    assert!(!framed.head.contains("content-length") && framed.head.contains("transfer-encoding: chunked"), "{}", framed.head);
    assert_eq!(framed.rest(), (b"four".to_vec(), true));

    // Called by the API and as a test the pieces are one answer, within its limit; of a job nobody sees them.
    let by_api = |count: u32| {
        let authorization = format!("Authorization: Bearer {}", instance.key());
        send(instance.port, "POST", &format!("/api/v1/execute/{export}?count={count}"), &["Host: localhost", &authorization], "").unwrap()
    };
    let answer = by_api(2);
    assert_eq!((answer.status, answer.body.len()), (200, 2 * 65_536));
    let answer = by_api(129);
    assert_eq!(answer.status, 502, "{answer:?}");
    assert!(message(&row(&instance, answer.json()["execution_id"].as_str().unwrap())).contains("(response_body_bytes)"));
    let before = counts(&instance)[0];
    assert_eq!(instance.visit("shop.localhost", "/later").status, 200);
    eventually(|| counts(&instance)[0] == before + 1);
}

#[test]
fn what_fails_after_its_answer_has_begun_is_cut_and_leaves_nothing() {
    let mut instance = Instance::start();
    shop(&mut instance);
    let mut reader = Reader::ask(&instance, "GET", "/export?count=3&end=throw");
    let (body, is_whole) = reader.rest();
    assert_eq!((body.len(), is_whole), (3 * 65_536, false));
    let failed = row(&instance, &reader.id());
    // The visitor has got a status.
    assert_eq!((&failed["outcome"], &failed["status"]), (&json!("error"), &json!(200)), "{failed}");
    assert!(message(&failed).contains("no more"), "{failed}");
    assert_eq!(counts(&instance), [0, 0]);

    // However soon: what was written arrives, so that nobody takes it for a server that is not there and asks again.
    let mut reader = Reader::ask(&instance, "GET", "/soon");
    assert_eq!((reader.status(), reader.rest()), (201, (b"first".to_vec(), false)));

    // Who has begun is not run again: two that cross, one of which ends first.
    let (mut one, mut two) = (Reader::ask(&instance, "GET", "/crossed"), Reader::ask(&instance, "GET", "/crossed"));
    let (_, first_is_whole) = two.rest();
    let (_, second_is_whole) = one.rest();
    assert!(first_is_whole && !second_is_whole);
    let crossed = row(&instance, &one.id());
    assert_eq!((&crossed["outcome"], &crossed["attempts"]), (&json!("conflict"), &json!(1)), "{crossed}");
    assert_eq!(counts(&instance), [0, 1]);

    // Who goes away ends it.
    let gone = {
        let mut reader = Reader::ask(&instance, "GET", "/export?count=800");
        reader.piece().unwrap();
        reader.id()
    };
    assert_eq!(row(&instance, &gone)["outcome"], json!("cancelled"));
    assert_eq!(counts(&instance), [0, 1]);
}

#[test]
fn streams_are_bounded_and_end_with_the_process() {
    let mut instance = Instance::start();
    shop(&mut instance);
    let set = instance.admin("PATCH", "apps/shop", &json!({ "limits": { "streams": 2, "stream_idle_ms": 500, "wall_ms": 500 } }));
    assert_eq!(set.status, 200, "{set:?}");
    eventually(|| instance.visit("shop.localhost", "/counts").status == 200);
    // Two who read nothing hold both places; they are ended, since they take nothing.
    let (mut one, mut two) = (Reader::ask(&instance, "GET", "/export?count=800"), Reader::ask(&instance, "GET", "/export?count=800"));
    let busy = instance.visit("shop.localhost", "/export?count=1");
    assert_eq!(busy.status, 502, "{busy:?}");
    assert!(message(&row(&instance, busy.json()["execution_id"].as_str().unwrap())).contains("(streams)"));
    for reader in [&mut one, &mut two] {
        let ended = row(&instance, &reader.id());
        assert_eq!(ended["outcome"], json!("deadline"), "{ended}");
        assert!(message(&ended).contains("took no piece"), "{ended}");
        assert!(!reader.rest().1);
    }
    eventually(|| instance.visit("shop.localhost", "/export?count=1").status == 200);

    // A stream that outlives the time of draining is cancelled, and has its row.
    let set = instance.admin("PATCH", "apps/shop", &json!({ "limits": { "stream_idle_ms": 60_000 } }));
    assert_eq!(set.status, 200, "{set:?}");
    let reader = Reader::ask(&instance, "GET", "/export?count=800");
    let id = reader.id();
    assert!(instance.stop().success());
    drop(reader);
    instance.start_again();
    instance.log_in(PASSWORD);
    assert_eq!(row(&instance, &id)["outcome"], json!("cancelled"));
}
