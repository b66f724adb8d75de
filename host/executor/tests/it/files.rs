//! `files::` as a script sees it, over a state in memory.

use execution::{Execute, FailureKind, Limits, Outcome};
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

async fn limited(script: &str, limits: &Limits) -> Outcome {
    let image = compile(script).await.expect("compiles");
    executor().await.execute(&image, &invocation(request("GET", "/")), limits, Box::new(Memory::default())).await
}

#[tokio::test]
async fn files_stay_and_are_seen_by_the_next() {
    for (scripts, expected) in [
        (&[r#"files::write("a/b.txt", "héllo")"#, r#"[files::read_text("a/b.txt"), files::read("a/b.txt").len()]"#][..], r#"["héllo",6]"#),
        (&[r#"files::write("b", blob(3, 255))"#, r#"[files::read("b").len(), files::info("b").size]"#], "[3,3]"),
        (
            &[r#"files::write("empty", "")"#, r#"[files::exists("empty"), files::read("empty").len(), files::read_text("empty")]"#],
            r#"[true,0,""]"#,
        ),
        (&[r#"files::write("a", "1")"#, r#"files::write("a", "22")"#, r#"files::info("a").size"#], "2"),
        (
            &[r#"files::write("a", "1")"#, r#"files::delete("a"); files::delete("never")"#, r#"[files::exists("a"), files::info("a")]"#],
            "[false,null]",
        ),
        (&[r#"files::write("a", "x")"#, r#"files::info("a").digest == crypto::hash("sha256", "x")"#], "true"),
        (&[r#"files::write("a", "x"); files::info("a").updated_at == time::now()"#], "true"),
    ] {
        assert_eq!(after(scripts).await, expected, "{scripts:?}");
    }
}

#[tokio::test]
async fn an_execution_sees_its_own_writes() {
    for (script, expected) in [
        (r#"files::write("k", "1"); files::read_text("k")"#, "1"),
        (r#"files::delete("a"); [files::exists("a"), files::info("a")]"#, "[false,null]"),
        (r#"files::read_text("a") + { files::write("a", "z"); files::read_text("a") }"#, "az"),
        (r#"files::delete("a"); files::write("b", ""); files::list("").items.map(|i| i.path)"#, r#"["b","p/1","p/2"]"#),
        (
            r#"files::write("p/0", ""); let page = files::list("p/", #{ limit: 2 }); [page.items.map(|i| i.path), page.next]"#,
            r#"[["p/0","p/1"],"p/1"]"#,
        ),
        (r#"let page = files::list("p/", #{ limit: 2, after: "p/1" }); [page.items.map(|i| i.path), page.next]"#, r#"[["p/2"],null]"#),
        (r#"files::delete("p/1"); let page = files::list("p/", #{ limit: 1 }); [page.items.len(), page.next]"#, r#"[0,"p/1"]"#),
    ] {
        let before = r#"files::write("a", "a"); files::write("p/1", "1"); files::write("p/2", "2");"#;
        assert_eq!(after(&[before, script]).await, expected, "{script}");
    }
}

#[tokio::test]
async fn s_6_1_what_is_no_path_is_an_error_that_can_be_caught() {
    let long = "n".repeat(256);
    let deep = vec!["d"; 33].join("/");
    for path in [
        "",
        "/etc/passwd",
        "../a",
        "a/../../b",
        "a/",
        "a//b",
        "./a",
        "a\\\\..\\\\b",
        "a\\x00",
        "a\\n",
        "c:/a",
        "/proc/self/mem",
        "NUL",
        "a.",
        &long,
        &deep,
    ] {
        for call in ["read", "read_text", "delete", "exists", "info"] {
            let script = format!("let caught = (); try {{ files::{call}(\"{path}\") }} catch (e) {{ caught = e.error }} caught");
            assert_eq!(answer(&run_on(&script, Memory::default()).await).1, "files.invalid", "{call} {path}");
        }
        let script = format!("let caught = (); try {{ files::write(\"{path}\", \"x\") }} catch (e) {{ caught = e.error }} caught");
        let outcome = run_on(&script, Memory::default()).await;
        assert_eq!((answer(&outcome).1.as_str(), outcome.effects.has_writes()), ("files.invalid", false), "{path}");
    }
}

#[tokio::test]
async fn wrong_calls_are_errors_that_can_be_caught() {
    for (call, case) in [
        (r#"files::read("none")"#, "files.not_found"),
        (r#"files::read_text("none")"#, "files.not_found"),
        (r#"files::write("b", blob(2, 255)); files::read_text("b")"#, "files.not_text"),
        (r#"files::write("a", 7)"#, "files.invalid"),
        (r#"files::list("", #{ limit: 0 })"#, "files.invalid"),
        (r#"files::list("", #{ limit: 1001 })"#, "files.invalid"),
        (r#"files::list("", #{ lmit: 1 })"#, "files.invalid"),
        (r#"files::list("a\n")"#, "files.invalid"),
        // One more than 8 MiB; and three times 6 MiB.
        (r#"files::write("a", blob(8 * 1024 * 1024 + 1, 0))"#, "files.too_large"),
        (r#"let b = blob(6 * 1024 * 1024, 0); for i in 0..3 { files::write("a" + i, b) }"#, "files.too_large"),
    ] {
        let script = format!("let caught = (); try {{ {call} }} catch (e) {{ caught = e.error }} caught");
        assert_eq!(answer(&run_on(&script, Memory::default()).await).1, case, "{call}");
    }
    let image = compile(r#"files::exists("a")"#).await.expect("compiles");
    let failed = failure(executor().await.execute(&image, &invocation(request("GET", "/")), &Limits::default(), nobody()).await);
    assert_eq!((failed.kind, failed.message.as_str()), (FailureKind::Error, "files.unavailable: the store can't be asked just now"));
}

#[tokio::test]
async fn a_file_is_as_large_as_the_limit_says() {
    let limits = Limits { file_bytes: 100, response_body_bytes: 10, ..Limits::default() };
    for (size, expected) in
        [(100, None), (101, Some("files.too_large: the file `a` would have 101 bytes, and 100 are allowed (file_bytes)"))]
    {
        let outcome = limited(&format!("files::write(\"a\", blob({size}, 0))"), &limits).await;
        assert_eq!(outcome.result.err().map(|failure| failure.message).as_deref(), expected);
    }
    // What others have written is asked for by its size before its bytes.
    let memory = Memory::default();
    memory.commit(&run_on(r#"files::write("a", blob(101, 0))"#, memory.clone()).await.effects).expect("nobody else writes");
    let image = compile(r#"files::read("a").len()"#).await.expect("compiles");
    let failed = failure(executor().await.execute(&image, &invocation(request("GET", "/")), &limits, Box::new(memory)).await);
    assert_eq!(failed.message, "files.too_large: the file `a` has 101 bytes, and 100 are allowed (file_bytes)");
    // The largest that any app may have, in the memory that goes with it.
    let most = 32 << 20;
    let limits = Limits { file_bytes: most, state_bytes: 64 << 20, memory_bytes: 128 << 20, ..Limits::default() };
    let outcome = limited(&format!("files::write(\"a\", blob({most}, 7)); files::read(\"a\").len()"), &limits).await;
    assert_eq!(answer(&outcome).1, most.to_string());
}

#[tokio::test]
async fn s_2_4_a_flood_of_file_calls_ends() {
    let failed = failure(run_on(r#"loop { files::exists("a") }"#, Memory::default()).await);
    assert_eq!(failed.kind, FailureKind::HostCalls);
    assert!(failed.message.contains("200 times (file_calls)"), "{}", failed.message);
}

#[tokio::test]
async fn a_script_that_fails_leaves_nothing() {
    for script in
        [r#"files::write("a", "1"); throw "no""#, r#"files::write("a", "1"); loop {}"#, r#"files::delete("a"); #{ statusCode: 7 }"#]
    {
        let outcome = run_on(script, Memory::default()).await;
        assert!(outcome.result.is_err() && !outcome.effects.has_writes() && outcome.effects.file_reads.is_empty(), "{script}");
    }
}

#[tokio::test]
async fn what_was_seen_must_still_be_so() {
    for (script, other, conflict) in [
        (r#"files::write("b", files::read("a"))"#, r#"files::write("a", "2")"#, true),
        (r#"files::write("b", files::read("a"))"#, r#"files::write("c", "2")"#, false),
        (r#"files::write("b", `${files::exists("none")}`)"#, r#"files::write("none", "2")"#, true),
        (r#"files::write("b", `${files::list("p/").items.len()}`)"#, r#"files::write("p/2", "2")"#, true),
        (r#"files::write("b", `${files::list("p/").items.len()}`)"#, r#"files::write("q/2", "2")"#, false),
        (r#"kv::set("b", files::read_text("a"))"#, r#"files::delete("a")"#, true),
        // Nobody is in the way of who writes blindly.
        (r#"files::write("a", "3")"#, r#"files::write("a", "4")"#, false),
        // The same bytes once more are another version.
        (r#"kv::set("b", files::read_text("a"))"#, r#"files::write("a", "1")"#, true),
    ] {
        let memory = Memory::default();
        let before = run_on(r#"files::write("a", "1"); files::write("p/1", "1");"#, memory.clone()).await;
        memory.commit(&before.effects).expect("nobody else writes");
        let outcome = run_on(script, memory.clone()).await;
        memory.commit(&run_on(other, memory.clone()).await.effects).expect("the other commits");
        let committed = memory.commit(&outcome.effects);
        assert_eq!(committed, if conflict { Err(NotCommitted::Conflict) } else { Ok(()) }, "{script} against {other}");
    }
}

#[tokio::test]
async fn what_was_seen_once_is_not_asked_for_again() {
    let memory = Memory::default();
    memory.commit(&run_on(r#"files::write("a", "1")"#, memory.clone()).await.effects).expect("nobody else writes");
    let outcome = run_on(r#"files::exists("a"); files::info("a"); files::read_text("a")"#, memory).await;
    let calls: Vec<_> = outcome.calls.iter().map(|call| format!("{} {}", call.call, call.result)).collect();
    assert_eq!(calls, ["files.info found", "files.read 1 bytes"]);
    assert_eq!((outcome.effects.file_reads.len(), outcome.usage.host_calls), (1, 3));
}
