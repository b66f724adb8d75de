//! `kv::` as a script sees it, over a state in memory.

use execution::{Execute, FailureKind, Limits, kv::Write};
use executor::{Memory, NotCommitted};

use crate::sandbox::{answer, compile, executor, failure, invocation, nobody, request, run_on};

/// Runs scripts one after the other, each committed, and returns the answer of the last.
async fn after(scripts: &[&str]) -> String {
    let memory = Memory::default();
    let mut last = String::new();
    for script in scripts {
        let outcome = run_on(script, memory.clone()).await;
        last = answer(&outcome).1;
        memory.commit(&outcome.effects).expect("nobody else writes");
    }
    last
}

#[tokio::test]
async fn values_stay_and_are_seen_by_the_next() {
    for (scripts, expected) in [
        (&[r#"kv::set("a", #{ n: [1, 2.5, "x", (), true] })"#, r#"kv::get("a")"#][..], r#"{"n":[1,2.5,"x",null,true]}"#),
        (&[r#"kv::get("a") == ()"#], "true"),
        (&[r#"kv::get("a", 7)"#], "7"),
        (&[r#"kv::set("a", 1)"#, r#"kv::delete("a"); kv::delete("never")"#, r#"[kv::get("a")]"#], "[null]"),
        (&[r#"kv::set("a", 40)"#, r#"kv::increment("a"); kv::increment("a", 1)"#, r#"kv::get("a")"#], "42"),
        (&[r#"kv::increment("new", -3)"#, r#"kv::get("new")"#], "-3"),
        (
            &[r#"[kv::compare_and_set("a", (), 1), kv::compare_and_set("a", (), 2), kv::compare_and_set("a", 1, 3), kv::get("a")]"#],
            "[true,false,true,3]",
        ),
    ] {
        assert_eq!(after(scripts).await, expected, "{scripts:?}");
    }
}

#[tokio::test]
async fn an_execution_sees_its_own_writes() {
    for (script, expected) in [
        (r#"kv::set("k", 1); kv::get("k")"#, "1"),
        (r#"kv::delete("a"); [kv::get("a")]"#, "[null]"),
        (r#"kv::increment("n", 2); kv::increment("n", 3); kv::get("n")"#, "15"),
        (r#"kv::get("n"); kv::increment("n"); kv::get("n")"#, "11"),
        (r#"kv::set("n", 1); kv::increment("n"); kv::get("n")"#, "2"),
        (r#"kv::delete("n"); kv::increment("n"); kv::get("n")"#, "1"),
        (
            r#"kv::set("b", 0); kv::delete("a"); kv::increment("n"); kv::list("").items.map(|i| `${i.key}=${i.value}`)"#,
            r#"["b=0","n=11","p/1=1","p/2=2"]"#,
        ),
        (
            r#"kv::set("p/0", 0); kv::set("p/3", 3); kv::list("p/", #{ limit: 2 })"#,
            r#"{"items":[{"key":"p/0","value":0},{"key":"p/1","value":1}],"next":"p/1"}"#,
        ),
        (r#"kv::list("p/", #{ limit: 2, after: "p/1" })"#, r#"{"items":[{"key":"p/2","value":2}],"next":null}"#),
        (r#"kv::delete("p/1"); kv::list("p/", #{ limit: 1 })"#, r#"{"items":[],"next":"p/1"}"#),
    ] {
        let before = r#"kv::set("a", 1); kv::set("n", 10); kv::set("p/1", 1); kv::set("p/2", 2);"#;
        assert_eq!(after(&[before, script]).await, expected, "{script}");
    }
}

#[tokio::test]
async fn a_key_is_kept_as_long_as_it_was_set_for() {
    let memory = Memory::default();
    let now = invocation(request("GET", "/")).now_ms;
    memory.set_now_ms(now);
    let set = run_on(r#"kv::set("a", 1, #{ ttl: 1.5 }); kv::get("a")"#, memory.clone()).await;
    assert_eq!(answer(&set).1, "1");
    assert_eq!(set.effects.writes["a"], Write::Set { value: "1".into(), expires_at_ms: Some(now + 1500) });
    memory.commit(&set.effects).expect("nobody else writes");
    let get = r#"[kv::get("a"), kv::list("").items.len()]"#;
    memory.set_now_ms(now + 1499);
    assert_eq!(answer(&run_on(get, memory.clone()).await).1, "[1,1]");
    memory.set_now_ms(now + 1500);
    assert_eq!(answer(&run_on(get, memory.clone()).await).1, "[null,0]");
}

#[tokio::test]
async fn wrong_calls_are_errors_that_can_be_caught() {
    let long = "k".repeat(513);
    for (call, case) in [
        (r#"kv::get("")"#.to_owned(), "kv.invalid"),
        (format!(r#"kv::get("{long}")"#), "kv.invalid"),
        (r#"kv::set("a\n", 1)"#.to_owned(), "kv.invalid"),
        (r#"kv::set("a", 1, #{ ttl: 0 })"#.to_owned(), "kv.invalid"),
        (r#"kv::set("a", 1, #{ tll: 5 })"#.to_owned(), "kv.invalid"),
        (r#"kv::set("a", 1, #{ ttl: "5" })"#.to_owned(), "kv.invalid"),
        (r#"kv::list("", #{ limit: 0 })"#.to_owned(), "kv.invalid"),
        (r#"kv::list("", #{ limit: 1001 })"#.to_owned(), "kv.invalid"),
        (r#"kv::set("a", [0..5])"#.to_owned(), "kv.invalid"),
        (r#"kv::compare_and_set("a", 0..5, 1)"#.to_owned(), "kv.invalid"),
        (r#"let s = "x"; s.pad(70000, "x"); kv::set("a", s)"#.to_owned(), "kv.too_large"),
        (r#"kv::set("a", "x"); kv::increment("a")"#.to_owned(), "kv.mismatch"),
        (r#"kv::set("a", 9223372036854775807); kv::increment("a")"#.to_owned(), "kv.mismatch"),
        (r#"kv::increment("b", 9223372036854775807); kv::increment("b")"#.to_owned(), "kv.mismatch"),
        (r#"let s = "x"; s.pad(65000, "x"); for i in 0..300 { kv::set("a", s) }"#.to_owned(), "kv.too_large"),
    ] {
        let script = format!("let caught = (); try {{ {call} }} catch (e) {{ caught = e.error }} caught");
        assert_eq!(answer(&run_on(&script, Memory::default()).await).1, case, "{call}");
    }
    let image = compile(r#"kv::get("a")"#).await.expect("compiles");
    let failed = failure(executor().await.execute(&image, &invocation(request("GET", "/")), &Limits::default(), nobody()).await);
    assert_eq!((failed.kind, failed.message.as_str()), (FailureKind::Error, "kv.unavailable: the store can't be asked just now"));
    assert_eq!((failed.trace[0].line, failed.trace[0].column), (1, 5));
}

#[tokio::test]
async fn s_2_4_a_flood_of_kv_calls_ends() {
    let failed = failure(run_on(r#"loop { kv::get("a") }"#, Memory::default()).await);
    assert_eq!(failed.kind, FailureKind::HostCalls);
    assert!(failed.message.contains("500 times (kv_calls)"), "{}", failed.message);
}

#[tokio::test]
async fn a_script_that_fails_leaves_nothing() {
    for script in [r#"kv::set("a", 1); throw "no""#, r#"kv::set("a", 1); loop {}"#, r#"kv::set("a", 1); #{ statusCode: 7 }"#] {
        let outcome = run_on(script, Memory::default()).await;
        assert!(outcome.result.is_err() && !outcome.effects.has_writes() && outcome.effects.reads.is_empty(), "{script}");
    }
}

#[tokio::test]
async fn what_was_read_must_still_be_so() {
    for (script, other, conflict) in [
        (r#"kv::set("b", kv::get("a"))"#, r#"kv::set("a", 2)"#, true),
        (r#"kv::set("b", kv::get("a"))"#, r#"kv::set("c", 2)"#, false),
        (r#"kv::set("b", kv::get("none") == ())"#, r#"kv::set("none", 2)"#, true),
        (r#"kv::set("b", kv::list("p/").items.len())"#, r#"kv::set("p/2", 2)"#, true),
        (r#"kv::set("b", kv::list("p/").items.len())"#, r#"kv::set("q/2", 2)"#, false),
        (r#"kv::increment("n")"#, r#"kv::increment("n")"#, false),
        (r#"kv::set("b", kv::get("n")); kv::increment("n")"#, r#"kv::increment("n")"#, true),
        // Set to the same value is another version.
        (r#"kv::set("b", kv::get("a"))"#, r#"kv::set("a", 1)"#, true),
    ] {
        let memory = Memory::default();
        let before = run_on(r#"kv::set("a", 1); kv::set("n", 1); kv::set("p/1", 1);"#, memory.clone()).await;
        memory.commit(&before.effects).expect("nobody else writes");
        let outcome = run_on(script, memory.clone()).await;
        memory.commit(&run_on(other, memory.clone()).await.effects).expect("the other commits");
        let committed = memory.commit(&outcome.effects);
        assert_eq!(committed, if conflict { Err(NotCommitted::Conflict) } else { Ok(()) }, "{script} against {other}");
    }
}
