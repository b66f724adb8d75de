//! What bounds one execution, by its number (S-2): the processor, memory, time, depth, the log and the answer.
#![expect(clippy::print_stdout, reason = "figures for whoever looks at the test's output")]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use execution::{Answer, Answered, BoxFuture, Execute as _, FailureKind, Limits, Question, Services};

use crate::sandbox::{answer, compile, executor, failure, invocation, nobody, request, run, run_with, value};

/// What grows without end, each in its own way.
const GROWING: &[&str] = &[
    r#"let s = "x"; loop { s += s; }"#,
    "let a = []; loop { a.push([1, 2, 3]); }",
    "let m = #{}; let n = 0; loop { m[`key ${n}`] = n; n += 1; }",
    "let b = blob(1024); loop { b += b; }",
    "let nested = [1]; loop { nested = [nested, nested]; }",
    r#"let parts = []; loop { let piece = "text"; piece.pad(2000, 'x'); parts.push(piece); }"#,
    r#"let s = "x"; s.pad(1_000_000_000, 'x'); s"#,
    "let a = []; a.pad(1_000_000_000, 1); a",
    "blob(2_000_000_000)",
    r#"let s = "x"; s.pad(1_000_000, 'x'); let all = ""; loop { all = all + s; }"#,
];

#[tokio::test]
async fn s_2_1_a_loop_ends_with_its_fuel() {
    for source in
        ["loop {}", "let s = 0; while s >= 0 { s += 1; }", "fn f() { loop {} } f()", "let s = 0; for n in 0..9_000_000_000_000 { s += n; }"]
    {
        for fuel in [50_000, 20_000_000] {
            let outcome = run_with(source, request("GET", "/"), &Limits { fuel, ..Limits::default() }).await;
            assert!(outcome.usage.fuel_used <= fuel, "{source}: {:?}", outcome.usage);
            assert!(matches!(&outcome.result, Err(failure) if failure.kind == FailureKind::Fuel), "{source}: {:?}", outcome.result);
        }
    }
}

/// Keeps when it was asked.
struct Noted(Arc<Mutex<Vec<Instant>>>);

impl Services for Noted {
    fn ask<'a>(&'a self, _: &'a Question) -> BoxFuture<'a, Answered> {
        self.0.lock().expect("nobody panicked").push(Instant::now());
        Box::pin(async { Answered { answer: Answer::KvGet(Ok(None)), now_ms: 0 } })
    }
}

#[tokio::test]
async fn s_2_1_a_script_that_asks_ends_with_its_fuel_at_the_same_question() {
    let image = compile("let n = 0; loop { kv::get(`key ${n}`); n += 1; }").await.expect("the script compiles");
    let limits = Limits { fuel: 1_000_000, host_calls: 10_000, ..Limits::default() };
    let (mut counts, mut longest) = (Vec::new(), Duration::ZERO);
    for _ in 0..100 {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let services = Box::new(Noted(Arc::clone(&asked)));
        let outcome = executor().await.execute(&image, &invocation(request("GET", "/")), &limits, services).await;
        let asked = asked.lock().expect("nobody panicked");
        longest = longest.max(asked.last().expect("it asked").elapsed());
        counts.push(asked.len());
        assert_eq!(failure(outcome).kind, FailureKind::Fuel);
    }
    assert!(counts[0] > 50 && counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    println!("ended {longest:?} at most after the last of {} questions, 100 times (50 ms after its fuel are promised)", counts[0]);
}

#[tokio::test]
async fn s_2_2_whatever_grows_stays_within_its_memory() {
    let limits = Limits::default();
    for source in GROWING {
        let outcome = run_with(source, request("GET", "/"), &limits).await;
        assert!(outcome.usage.memory_peak_bytes <= limits.memory_bytes, "{source}: {:?}", outcome.usage);
        let failure = failure(outcome);
        // Some grow slowly.
        assert!(matches!(failure.kind, FailureKind::Memory | FailureKind::Fuel), "{source}: {failure:?}");
    }
}

/// Never answers.
struct Silent;

impl Services for Silent {
    fn ask<'a>(&'a self, _: &'a Question) -> BoxFuture<'a, Answered> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn s_2_3_who_waits_for_what_never_comes_ends_at_the_deadline() {
    let image = compile(r#"kv::get("a")"#).await.expect("the script compiles");
    let limits = Limits { wall_ms: 50, fuel: 50_000_000_000, ..Limits::default() };
    let busy = compile("loop {}").await.expect("the script compiles");
    let mut longest = [Duration::ZERO; 2];
    for _ in 0..20 {
        for (longest, (image, services)) in longest.iter_mut().zip([(&image, Box::new(Silent) as Box<dyn Services>), (&busy, nobody())]) {
            let started = Instant::now();
            let run = async { executor().await.execute(image, &invocation(request("GET", "/")), &limits, services).await };
            let outcome = tokio::time::timeout(Duration::from_secs(60), run).await.expect("it ends");
            *longest = started.elapsed().max(*longest);
            assert_eq!(failure(outcome).kind, FailureKind::Deadline);
        }
    }
    let [waiting, busy] = longest.map(|longest| longest.saturating_sub(Duration::from_millis(limits.wall_ms)));
    println!(
        "ended {waiting:?} at most after the deadline when it waited and {busy:?} when it computed, 20 times each (100 ms are promised)"
    );
    // Nothing in the language waits.
    let outcome = run_with("sleep(3600)", request("GET", "/"), &Limits::default()).await;
    assert_eq!(failure(outcome).kind, FailureKind::Error);
}

/// Sources that nest in all the ways there are, each as deep as this.
fn bombs(depth: usize) -> Vec<String> {
    let around = |open: &str, inside: &str, close: &str| format!("{}{inside}{}", open.repeat(depth), close.repeat(depth));
    vec![
        around("(", "1", ")"),
        around("[", "", "]"),
        around("#{a:", "1", "}"),
        around("if true {", "1", "}"),
        around("{", "1", "}"),
        around("-", "1", ""),
        around("!", "true", ""),
        around("f(", "1", ")"),
        around("|x| ", "x", ""),
        around("`${", "1", "}`"),
        around("loop { ", "break;", "}"),
        around("switch 1 { 1 => ", "1", "}"),
        around("1 + ", "1", ""),
        around("a.", "b", ""),
        around("a[", "0", "]"),
        around("try {", "1", "} catch {}"),
        around("let x = ", "1", ""),
        around("return ", "1", ""),
        around("a ?? ", "1", ""),
        around("/*", "", "*/") + "1",
    ]
}

/// Values that nest, made at run time, which then are written down, compared and copied.
const NESTING: &[&str] = &[
    "let a = []; for n in 0..DEPTH { a = [a]; } a",
    "let m = #{}; for n in 0..DEPTH { m = #{ m: m }; } m",
    "let a = []; for n in 0..DEPTH { a = [a]; } a == a",
    "let a = []; for n in 0..DEPTH { a = [a]; } a.to_string()",
    "let a = []; for n in 0..DEPTH { a = [a]; } json::stringify(a)",
    r#"let s = "1"; for n in 0..DEPTH { s = "[" + s + "]"; } json::parse(s)"#,
    "let f = |x| x; for n in 0..DEPTH { let g = f; f = |x| g.call(x); } f.call(1)",
    "fn f(n) { if n == 0 { 0 } else { f(n - 1) } } f(DEPTH)",
    "fn f(n) { [f(n + 1)] } f(0)",
    "let a = []; for n in 0..DEPTH { a = [a]; } kv::set(\"a\", a)",
];

#[tokio::test]
async fn s_2_8_nothing_that_nests_reaches_the_host() {
    let sources = [10, 40, 100, 1_000, 10_000].into_iter().flat_map(bombs);
    let values = [10, 100, 1_000, 10_000, 200_000]
        .into_iter()
        .flat_map(|depth: u32| NESTING.iter().map(move |text| text.replace("DEPTH", &depth.to_string())));
    let mut tried = 0;
    for source in sources.chain(values) {
        tried += 1;
        if let Ok(image) = compile(&source).await {
            let outcome = executor().await.execute(&image, &invocation(request("GET", "/")), &Limits::default(), nobody()).await;
            let head: String = source.chars().take(80).collect();
            assert!(!matches!(outcome.result, Err(ref failure) if failure.kind == FailureKind::Internal), "{head}: {:?}", outcome.result);
        }
        assert_eq!(value("1 + 1").await, 2);
    }
    assert_eq!(tried, 150);
}

#[tokio::test]
async fn s_2_10_no_call_sees_another() {
    let source = r"
        let made = [];
        made.push(ctx.execution_id);
        let seen = made.len();
        let n = 0; for x in 0..100 { n += x; }
        [seen, n, rand::int(1, 1_000_000), time::now()]
    ";
    let image = compile(source).await.expect("the script compiles");
    let mut first = None;
    for _ in 0..1_000 {
        let outcome = executor().await.execute(&image, &invocation(request("GET", "/")), &Limits::default(), nobody()).await;
        let this = (answer(&outcome), outcome.usage.fuel_used);
        assert_eq!(*first.get_or_insert_with(|| this.clone()), this);
    }
}

#[tokio::test]
async fn s_2_11_a_flood_of_lines_is_cut_and_counted() {
    let limits = Limits::default();
    let outcome = run("for n in 0..10_000_000 { log::info(`line ${n}`); }").await;
    let bytes: usize = outcome.logs.lines.iter().map(|line| line.message.len()).sum();
    assert!(bytes as u64 <= limits.log_bytes && !outcome.logs.lines.is_empty() && outcome.logs.dropped > 1_000, "{bytes}");
    let outcome = run(r#"let s = "x"; s.pad(100_000, 'x'); log::info(s);"#).await;
    assert!(outcome.logs.lines[0].message.len() as u64 <= limits.log_line_bytes, "a line is cut");
}

#[tokio::test]
async fn s_2_13_an_answer_is_as_large_as_it_may_be_and_no_larger() {
    let limits = Limits { response_body_bytes: 1_000, ..Limits::default() };
    for (size, fits) in [(999, true), (1_000, true), (1_001, false)] {
        let outcome = run_with(&format!(r#"let s = ""; s.pad({size}, 'x'); s"#), request("GET", "/"), &limits).await;
        assert_eq!(outcome.result.is_ok(), fits, "{size}: {:?}", outcome.result.as_ref().map(|answer| answer.body.len()));
        if !fits {
            assert_eq!(failure(outcome).kind, FailureKind::InvalidResponse);
        }
    }
}

#[tokio::test]
async fn s_2_20_the_clock_stands_still_while_a_script_computes() {
    let source = "let first = time::now(); let same = true; for n in 0..1_000_000 { if n % 1000 == 0 { same = same && time::now() == first; } } same";
    let limits = Limits { fuel: 50_000_000_000, wall_ms: 60_000, host_calls: 2_000, ..Limits::default() };
    let outcome = run_with(source, request("GET", "/"), &limits).await;
    assert_eq!(answer(&outcome), (200, "true".to_owned()));
}

#[tokio::test]
async fn s_2_11_what_a_script_throws_is_kept_up_to_its_limit() {
    let limit = execution::FAILURE_MESSAGE_BYTES_MAX;
    let thrown = async |source: &str| failure(run(source).await);
    for (bytes, kept) in [(limit - 1, limit - 1), (limit, limit)] {
        assert_eq!(thrown(&format!(r#"let s = ""; s.pad({bytes}, "x"); throw s"#)).await.message.len(), kept);
    }
    // Two bytes a character: it is not cut in the middle of one.
    let cut = thrown(r#"let s = "x"; s.pad(2_000_001, "é"); throw s"#).await.message;
    assert!(cut.ends_with("é [cut off: 4000001 bytes in all]") && cut.len() < limit + 64, "{} bytes", cut.len());
    let name = "f".repeat(100_000);
    let trace = thrown(&format!("fn {name}() {{ throw 1 }} {name}()")).await.trace;
    assert!(trace.iter().all(|frame| frame.function.len() <= execution::FAILURE_NAME_BYTES_MAX) && trace.len() == 2, "{trace:?}");
}
