//! What a guest can never do: one test per line of the list in `lib.rs`.

use execution::{Execute, FailureKind, Limits};

use crate::sandbox::{answer, compile, executor, failure, invocation, nobody, request, run, run_with};

async fn limited(script: &str, limits: &Limits) -> execution::Outcome {
    run_with(script, request("GET", "/"), limits).await
}

#[tokio::test]
async fn g1_s_2_1_an_endless_loop_ends_at_its_fuel_with_its_place() {
    let limits = Limits { fuel: 100_000_000, ..Limits::default() };
    let outcome = limited("let x = 0;\nloop {\n  x += 1;\n}", &limits).await;
    assert!(outcome.usage.fuel_used > 97_000_000 && outcome.usage.fuel_used <= limits.fuel, "{:?}", outcome.usage);
    let failure = failure(outcome);
    assert_eq!(failure.kind, FailureKind::Fuel);
    assert!((2..=3).contains(&failure.trace[0].line), "{failure:?}");
}

#[tokio::test]
async fn g1_a_loop_inside_one_call_of_the_library_ends_at_its_fuel_too() {
    let limits = Limits { fuel: 50_000_000, ..Limits::default() };
    let failure = failure(limited("let a = []; a.pad(100000, 1); loop { let b = a; b.sort(); }", &limits).await);
    assert_eq!(failure.kind, FailureKind::Fuel);
}

#[tokio::test]
async fn g2_s_2_2_growth_ends_at_the_memory_limit() {
    for script in [
        "let s = \"x\"; loop { s += s; }",
        "let a = [0]; loop { a += a; }",
        "let a = []; loop { a.push(1); }",
        "let b = blob(1024, 1); loop { b += b; }",
        "let m = #{}; let i = 0; loop { m[`k${i}`] = i; i += 1; }",
        "let a = []; loop { a.push(\"some text that is not short \" + a.len()); }",
    ] {
        let limits = Limits { fuel: 20_000_000_000, wall_ms: 60_000, ..Limits::default() };
        let outcome = limited(script, &limits).await;
        assert!(outcome.usage.memory_peak_bytes <= limits.memory_bytes, "{script}");
        assert_eq!(failure(outcome).kind, FailureKind::Memory, "{script}");
    }
}

#[tokio::test]
async fn g2_slow_growth_ends_with_its_place() {
    let failure = failure(
        limited(
            "let a = [];\nloop {\n  a.push(\"0123456789 0123456789 \" + a.len());\n}",
            &Limits { fuel: 20_000_000_000, memory_bytes: 16 << 20, ..Limits::default() },
        )
        .await,
    );
    assert_eq!(failure.kind, FailureKind::Memory, "{failure:?}");
}

#[tokio::test]
async fn g3_s_2_3_work_past_the_deadline_is_ended() {
    let limits = Limits { fuel: 50_000_000_000, wall_ms: 50, ..Limits::default() };
    let outcome = limited("loop { }", &limits).await;
    assert!(outcome.usage.fuel_used > 0);
    assert_eq!(failure(outcome).kind, FailureKind::Deadline);
}

#[tokio::test(flavor = "current_thread")]
async fn g4_a_long_script_gives_others_their_turn() {
    // One thread for all: had the long script kept it, the short ones would come after it.
    let long = tokio::spawn(async { limited("loop { }", &Limits { fuel: 1_000_000_000, ..Limits::default() }).await });
    let mut served = 0;
    while !long.is_finished() {
        assert_eq!(answer(&run("1 + 1").await).1, "2");
        served += 1;
    }
    assert!(served > 20, "{served} short runs beside one of 1 G instructions");
}

#[tokio::test]
async fn g5_s_2_10_nothing_survives() {
    let image = compile("let seen = ctx.contains(\"marker\"); fn f() { let x = 1; x += 1; x } [seen, f(), f()]")
        .await
        .expect("the script compiles");
    let mut first = None;
    for _ in 0..1000 {
        let outcome = executor().await.execute(&image, &invocation(request("GET", "/")), &Limits::default(), nobody()).await;
        let seen = (answer(&outcome), outcome.usage.fuel_used, outcome.usage.memory_peak_bytes);
        assert_eq!(*first.get_or_insert_with(|| seen.clone()), seen);
    }
}

#[tokio::test]
async fn g6_s_2_11_logging_never_fails_and_is_bounded() {
    let outcome = run("for i in 0..200000 { print(\"0123456789\"); } \"done\"").await;
    assert_eq!(answer(&outcome).1, "done");
    let kept: usize = outcome.logs.lines.iter().map(|line| line.message.len()).sum();
    assert!(kept as u64 <= Limits::default().log_bytes);
    assert_eq!(outcome.logs.lines.len() as u64 + outcome.logs.dropped, 200_000);
    let outcome = run("let s = \"é\"; for i in 0..13 { s += s; } print(s)").await;
    assert!(outcome.logs.lines[0].message.len() as u64 <= Limits::default().log_line_bytes);
}

#[tokio::test]
async fn g7_s_2_4_host_calls_are_counted() {
    let outcome = run("for i in 0..500 { rand::float(); } time::now()").await;
    assert_eq!(outcome.usage.host_calls, 501);
    let failure = failure(run("loop { rand::float(); }").await);
    assert_eq!(failure.kind, FailureKind::HostCalls);
}

#[tokio::test]
async fn g8_s_2_13_an_answer_is_bounded() {
    let limits = Limits { response_body_bytes: 100, ..Limits::default() };
    for (length, kind) in [(99, None), (100, None), (101, Some(FailureKind::InvalidResponse))] {
        let outcome = limited(&format!("let s = \"\"; s.pad({length}, 'x'); s"), &limits).await;
        assert_eq!(outcome.result.err().map(|failure| failure.kind), kind, "{length}");
    }
    let failure = failure(run("blob(9 * 1024 * 1024, 1)").await);
    assert_eq!(failure.kind, FailureKind::InvalidResponse);
    let largest = "let part = \"\"; part.pad(65536, 'x'); let s = \"\"; for i in 0..128 { s += part; } s";
    assert_eq!(answer(&run(largest).await).1.len(), 8 << 20);
}

#[tokio::test]
async fn g9_the_same_run_uses_the_same_fuel() {
    let script = "let m = #{}; for i in 0..50 { m[`k${rand::int(0, 99)}`] = i * 1.5; } #{ statusCode: 200, body: m, headers: #{ a: `${time::now()}` } }";
    let first = run(script).await;
    for _ in 0..20 {
        let again = run(script).await;
        assert_eq!((&again.result, again.usage.fuel_used), (&first.result, first.usage.fuel_used));
    }
}

#[tokio::test]
async fn g10_s_2_8_depth_is_an_error_not_an_end() {
    for script in [
        "fn f(x) { f(x + 1) } f(0)",
        "fn f(x) { [f(x + 1), f(x + 2)] } f(0)",
        "let a = []; loop { a = [a]; }",
        "let a = #{}; loop { a = #{ a: a }; }",
        "let f = |f, x| f.call(f, x + 1); f.call(f, 0)",
        "let a = []; for i in 0..100000 { a = [a]; } a",
        "let a = []; for i in 0..100000 { a = [a]; } a == a",
        "let a = []; for i in 0..100000 { a = [a]; } a.to_string()",
    ] {
        let failure = failure(limited(script, &Limits { fuel: 20_000_000_000, ..Limits::default() }).await);
        assert!(matches!(failure.kind, FailureKind::Error | FailureKind::Memory), "{script}: {failure:?}");
        assert_eq!(answer(&run("\"still here\"").await).1, "still here");
    }
}

#[tokio::test]
async fn g11_s_2_20_the_clock_stands_still() {
    let outcome = run("let first = time::now(); let same = true; for i in 0..900 { same = same && time::now() == first; } same").await;
    assert_eq!(answer(&outcome).1, "true");
}

#[tokio::test]
async fn a_huge_allocation_is_no_defect() {
    for script in [
        "let a = []; a.pad(4000000000000, 0); a",
        "let a = []; a.pad(2000000000, 0); a",
        "blob(9000000000000000000, 1)",
        "blob(3000000000, 1)",
        "let s = \"\"; s.pad(4000000000, 'x'); s",
        "let s = \"x\"; s *= 9000000000000; s",
    ] {
        let outcome = run(script).await;
        let kind = outcome.result.as_ref().err().map(|failure| failure.kind);
        assert_ne!(kind, Some(FailureKind::Internal), "{script}: {outcome:?}");
        assert_eq!(answer(&run("2").await).1, "2");
    }
}

#[tokio::test]
async fn what_is_ended_from_outside_was_last_seen_where_it_called_the_host() {
    let limits = Limits { fuel: 50_000_000_000, wall_ms: 50, ..Limits::default() };
    let late = failure(limited("fn f() {\n  log::info(\"here\");\n  rand::float()\n}\nf();\nloop { }", &limits).await);
    assert_eq!(late.kind, FailureKind::Deadline);
    assert!(late.message.contains("main:3:9"), "{late:?}");

    let often = failure(run("let x = 1;\nloop { time::now() }").await);
    assert_eq!(often.kind, FailureKind::HostCalls);
    assert!(often.message.contains("main:2:14"), "{often:?}");

    let large = failure(run("log::warn(1);\nlet a = [];\na.pad(2000000000, 0);").await);
    assert_eq!(large.kind, FailureKind::Memory);
    assert!(large.message.contains("memory_bytes") && large.message.contains("main:1:"), "{large:?}");

    let silent = failure(limited("loop { }", &limits).await);
    assert!(silent.message.contains("not known"), "{silent:?}");
}

#[tokio::test]
async fn g6_s_2_11_a_huge_line_is_cut_like_any_other() {
    let script = "let s = \"0123456789\"; for i in 0..20 { s += s; } print(s); log::info(s, #{ a: s }); log::info(\"small\", #{ b: 1 });";
    let outcome = limited(script, &Limits { memory_bytes: 128 << 20, ..Limits::default() }).await;
    assert_eq!(outcome.result.as_ref().err(), None);
    let lines: Vec<_> = outcome.logs.lines.iter().map(|line| (line.message.len(), line.fields.as_deref())).collect();
    assert_eq!(lines, [(4096, None), (4096, None), (5, Some(r#"{"b":1}"#))]);
}
