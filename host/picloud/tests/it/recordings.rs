//! Exported recordings are tests: each file of `tests/recordings`, and of the directory that `PICLOUD_RECORDINGS` names, is an answer of
//! `GET /api/v1/admin/recordings/{id}`, which has the sources too. What is recorded there must happen again, with the guest and the rules of today.

use std::{fmt::Write as _, fs, path::Path, sync::Arc};

use execution::{
    Ended, Execute as _, FailureKind, Outcome, Recording, Replay, Replayed, Source,
    replay::{Exported, KeptRecording, Secrets},
};
use executor::{Executor, Settings};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// Where the exports of this project are.
const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recordings");
/// A run may take longer here than where it was recorded: the machine is another one, and busy.
const WALL_MS: u64 = 120_000;

async fn executor() -> Arc<Executor> {
    static EXECUTOR: OnceCell<Arc<Executor>> = OnceCell::const_new();
    let start = || async {
        let cache_dir = concat!(env!("CARGO_TARGET_TMPDIR"), "/guest-image").into();
        Executor::start(&Settings { cache_dir, concurrency: 4, compilations: 2 }).await.unwrap()
    };
    Arc::clone(EXECUTOR.get_or_init(start).await)
}

/// What came of a file.
#[derive(Debug)]
struct Ran {
    /// What is not as it was; empty: nothing.
    differences: Vec<String>,
    /// What could not be compared, or may be why it differs.
    remarks: Vec<String>,
    /// Fuel of the run.
    fuel_used: u64,
}

/// Runs an export again.
///
/// # Errors
/// Why it can't run.
async fn run(export: &Value) -> Result<Ran, String> {
    let kept = KeptRecording::read(export["recording"].to_string().as_bytes()).map_err(|error| error.to_string())?;
    let exported = kept.open_exported().map_err(|error| format!("{error}; it is to be the whole answer of recordings/{{id}}"))?;
    let executor = executor().await;
    let mut remarks = remarks(&exported);
    let fuel_is_comparable = exported.has_comparable_fuel();
    let Recording { guest, invocation, mut limits, shared_host, calls, ended: recorded, .. } = exported.recording;
    if recorded.result.as_ref().is_err_and(|failure| failure.kind == FailureKind::Deadline) {
        return Err("it ended at its deadline, and how far a run comes until then is not the same twice".to_owned());
    }
    if recorded.effects.is_none() {
        remarks.push("what it wrote was not recorded then, and is not compared".to_owned());
    }
    let same_guest = guest == executor.guest_digest();
    if !same_guest {
        remarks.push("another guest ran then: fuel is not compared".to_owned());
    }
    let texts = || export["sources"].as_array().into_iter().flatten().map(|one| (&one["name"], &one["kind"], &one["source"]));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let modules = texts().filter(|(_, kind, _)| **kind == "module").map(|(name, _, source)| (text(name), text(source))).collect();
    let main = texts().find(|(name, ..)| **name == *invocation.script_name).map(|(.., source)| text(source));
    let main = main.ok_or("it has no source: the deployment was gone when it was exported")?;
    let source = Source { name: invocation.script_name.clone(), text: main };
    let image = executor.compile(&source, &modules).await.map_err(|error| format!("it does not compile any more: {error}"))?.image;

    limits.wall_ms = limits.wall_ms.max(WALL_MS);
    let (count, secrets) = (calls.len(), Secrets::of(&calls));
    let (replay, course) = Replay::new(calls);
    let Outcome { result, usage, logs, effects, .. } = executor.execute(&image, &invocation, &limits, Box::new(replay)).await;
    let result = orchestrator::checked_answer(result, &limits, shared_host);
    let replayed = Replayed {
        deployment: invocation.deployment,
        recorded,
        replayed: Ended::new(result, usage, logs, &effects, &secrets),
        same_guest: same_guest && fuel_is_comparable,
        calls: count,
        divergence: course.divergence(),
        unanswered: course.unanswered(),
    };
    Ok(Ran { differences: differences(&replayed), remarks, fuel_used: replayed.replayed.usage.fuel_used })
}

/// Where the run is told something else than the recorded one.
fn remarks(exported: &Exported) -> Vec<String> {
    let mut remarks = Vec::new();
    if !exported.stand_ins.is_empty() {
        let names = exported.stand_ins.join(", ");
        remarks
            .push(format!("something stands in for {names}: fuel is not compared, and what the script computes with the value is another"));
    }
    if !exported.not_shown.is_empty() {
        let names = exported.not_shown.join(", ");
        remarks.push(format!(
            "the script is told `(not shown)` of the header {names}: fuel is not compared, and a script that looks at it may do otherwise; \
             write the value that it had into the file"
        ));
    }
    remarks
}

/// What is not as it was, each with both sides.
fn differences(run: &Replayed) -> Vec<String> {
    let (recorded, replayed) = (&run.recorded, &run.replayed);
    let mut differences = Vec::new();
    if !run.has_equal_result() {
        differences.push(both("the end", &recorded.result, &replayed.result));
    }
    if !run.has_equal_logs() {
        differences.push(both("the log", &recorded.logs, &replayed.logs));
    }
    if let Some(divergence) = &run.divergence {
        differences.push(both(&format!("call {}", divergence.index), &divergence.expected, &divergence.asked));
    }
    if run.same_guest && !run.has_equal_fuel() {
        differences.push(both("fuel", &recorded.usage.fuel_used, &replayed.usage.fuel_used));
    }
    if run.has_other_effects() {
        differences.push(both("what it would write (digests)", &recorded.effects, &replayed.effects));
    }
    assert_eq!(differences.is_empty(), run.is_equal(), "one of two rules forgets something");
    differences
}

fn both(what: &str, recorded: &impl serde::Serialize, replayed: &impl serde::Serialize) -> String {
    let shown = |side: String| if side.chars().count() > 2_000 { side.chars().take(2_000).chain("...".chars()).collect() } else { side };
    let [recorded, replayed] = [json!(recorded), json!(replayed)].map(|side| shown(side.to_string()));
    format!("{what}\n    recorded: {recorded}\n    now:      {replayed}")
}

/// All exports of a directory by their names, and what each came to, as one report; the number of those that failed.
async fn report(directory: &Path) -> (usize, usize, String) {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut files: Vec<_> =
        entries.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|is| is == "json")).collect();
    files.sort();
    let (mut failed, mut report) = (0, String::new());
    for file in &files {
        let text = fs::read(file).unwrap();
        let ran = match serde_json::from_slice(&text) {
            Ok(export) => run(&export).await,
            Err(error) => Err(format!("it is no JSON: {error}")),
        };
        let (verdict, lines) = match ran {
            Ok(Ran { differences, remarks, .. }) if differences.is_empty() => ("the same again", remarks),
            Ok(Ran { differences, remarks, .. }) => ("differs", [differences, remarks].concat()),
            Err(why) => ("did not run", vec![why]),
        };
        failed += usize::from(verdict != "the same again");
        let _ = writeln!(report, "{}: {verdict}", file.display());
        lines.iter().for_each(|line| report.push_str(&format!("  {line}\n")));
    }
    (files.len(), failed, report)
}

#[tokio::test]
async fn exported_recordings_happen_again() {
    let theirs = std::env::var_os("PICLOUD_RECORDINGS");
    let mut reports = String::new();
    let mut failed_in_all = 0;
    for directory in std::iter::once(Path::new(OURS)).chain(theirs.as_ref().map(Path::new)) {
        let (files, failed, report) = report(directory).await;
        assert!(files > 0, "{} has no recordings (*.json)", directory.display());
        failed_in_all += failed;
        reports.push_str(&report);
    }
    println!("{reports}");
    assert_eq!(failed_in_all, 0, "recordings that did not happen again:\n{reports}");
}

/// One of our exports as it would be if it were recorded today: the guest, and so the fuel, changes with each change of the language or of what scripts can call.
async fn of_today(name: &str) -> Value {
    let mut export: Value = serde_json::from_slice(&fs::read(Path::new(OURS).join(name)).unwrap()).unwrap();
    let ran = run(&export).await.unwrap();
    export["recording"]["guest"] = json!(executor().await.guest_digest());
    export["recording"]["ended"]["usage"]["fuel_used"] = json!(ran.fuel_used);
    export
}

/// The exports of this project, each with one thing changed: the file is named, and what differs.
#[tokio::test]
async fn a_recording_that_does_not_happen_again_says_which_and_what() {
    let directory = tempfile::tempdir().unwrap();
    let changed = |export: &Value, into: &str, change: &dyn Fn(&mut Value)| {
        let mut export = export.clone();
        change(&mut export);
        fs::write(directory.path().join(into), export.to_string()).unwrap();
    };
    let (order, price) = (&of_today("order-takes-from-stock.json").await, &of_today("price-of-zero-fails.json").await);
    let source = |export: &mut Value, from: &str, to: &str| {
        for one in export["sources"].as_array_mut().unwrap() {
            one["source"] = Value::from(one["source"].as_str().unwrap().replace(from, to));
        }
    };
    changed(order, "answer.json", &|export| source(export, "wanted.count * 1995", "wanted.count * 2000"));
    changed(order, "call.json", &|export| source(export, "kv::list(\"stock/\")", "kv::list(\"stocks/\")"));
    changed(order, "fuel.json", &|export| source(export, "let wanted", "let unused = 1; let wanted"));
    changed(order, "effects.json", &|export| source(export, "ttl: 86400", "ttl: 86401"));
    changed(order, "gone.json", &|export| export["sources"] = json!([]));
    changed(price, "length.json", &|export| {
        source(export, "100 / total", "if secrets::get(\"PRICES_KEY\").len() != 20 { throw 1 } 100 / total")
    });
    changed(price, "log.json", &|export| source(export, "asked for", "asked about"));
    changed(price, "old.json", &|export| drop(export["recording"]["ended"].as_object_mut().unwrap().remove("effects")));
    changed(price, "same.json", &|_| ());
    changed(price, "shown.json", &|export| {
        source(export, "let total", "if ctx.request.headers.cookie != \"session=of-a-visitor\" { throw 1 } let total");
    });
    fs::write(directory.path().join("text.json"), "{").unwrap();

    let (files, failed, report) = report(directory.path()).await;
    assert_eq!((files, failed), (11, 9), "{report}");
    let prefix = format!("{}/", directory.path().display());
    let of = |name: &str| {
        let begin = report.find(&format!("{prefix}{name}")).unwrap_or_else(|| panic!("{name}: {report}"));
        report[begin + prefix.len()..].split(&prefix).next().unwrap()
    };
    for (name, parts) in [
        ("answer.json", &["differs", "the end", "39.90", "40.00"][..]),
        ("call.json", &["differs", "call 2", "stock/", "stocks/"]),
        ("effects.json", &["differs", "what it would write"]),
        ("fuel.json", &["differs", "fuel"]),
        ("gone.json", &["did not run", "it has no source"]),
        ("length.json", &["differs", "the end", "stands in for PRICES_KEY@1"]),
        ("log.json", &["differs", "the log", "asked for", "asked about"]),
        ("old.json", &["the same again", "what it wrote was not recorded"]),
        ("same.json", &["the same again"]),
        ("shown.json", &["differs", "the end", "of the header cookie"]),
        ("text.json", &["did not run", "no JSON"]),
    ] {
        assert!(parts.iter().all(|part| of(name).contains(part)), "{name}: {report}");
    }
    assert!(!of("fuel.json").contains("the end") && !of("log.json").contains("the end"), "{report}");
}
