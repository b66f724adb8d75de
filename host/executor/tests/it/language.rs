//! The language in the sandbox is the language: each program is run natively and in a sandbox, and both come to the same (fuzz target F4 as a table).
//!
//! Natively means the same crate of the interpreter, with the same limits, on this machine's processor. Compared is the answer, or that there is none and where
//! and why; of what takes too long natively, nothing.

use std::path::Path;

use execution::{Execute as _, Failure, FailureKind, Limits};
use rhai::{
    Blob, Dynamic, Engine, EvalAltResult, Position,
    packages::{Package as _, StandardPackage},
};

use crate::sandbox::{compile, executor, invocation, nobody, request};

/// Operations of a native run: a program that takes more is not compared.
const OPERATIONS_MAX: u64 = 3_000_000;

/// What nobody survives natively: values that contain themselves or are nested without end.
const ENDLESS: [&str; 3] = ["let x = #{}; x.a = || x; x", "let x = [42]; loop { x[0] = x; }", "let x = #{}; loop { x.a = x; }"];
const NATIVE_STACK_BYTES: usize = 256 << 20;

/// What a program comes to.
#[derive(Debug, PartialEq)]
enum End {
    /// It does not parse.
    NoProgram,
    Answer(u16, Vec<u8>),
    /// The value is no answer.
    NoAnswer,
    /// Line, column and message.
    Failed(usize, usize, String),
}

/// The interpreter as the guest builds it (`guest/src/engine.rs`), without what scripts can call beyond the language.
fn engine() -> Engine {
    let mut engine = Engine::new_raw();
    engine.register_global_module(StandardPackage::new().as_shared_module());
    engine.disable_symbol("eval");
    engine.disable_symbol("sleep");
    engine.set_max_operations(OPERATIONS_MAX);
    engine.set_max_call_levels(64);
    engine.set_max_expr_depths(64, 32);
    engine.set_max_variables(1000);
    engine.set_max_functions(500);
    engine
}

/// `None`: it takes too long.
fn natively(engine: &Engine, program: &str) -> Option<End> {
    let Ok(ast) = engine.compile(program) else { return Some(End::NoProgram) };
    Some(match engine.eval_ast::<Dynamic>(&ast) {
        Ok(value) => answer(value),
        Err(error) => match innermost(*error) {
            EvalAltResult::ErrorTooManyOperations(..) => return None,
            EvalAltResult::ErrorRuntime(value, position) => failed(position, thrown(&value)),
            mut other => {
                let position = other.position();
                failed(position, other.clear_position().to_string())
            }
        },
    })
}

fn failed(position: Position, message: String) -> End {
    End::Failed(position.line().unwrap_or(0), position.position().unwrap_or(0), without_hashes(message))
}

/// A function without a name has a hash for one, of this build of the interpreter.
fn without_hashes(message: String) -> String {
    let Some((before, rest)) = message.split_once("anon$") else { return message };
    format!("{before}anon${}", rest.trim_start_matches(|character: char| character.is_ascii_hexdigit()))
}

fn innermost(error: EvalAltResult) -> EvalAltResult {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => innermost(*inner),
        other => other,
    }
}

/// A value that was thrown, as the guest tells it.
fn thrown(value: &Dynamic) -> String {
    if value.is_string() && value.to_string().is_empty() || value.is_unit() {
        return "the script threw an error without a message".to_owned();
    }
    if value.is_map() || value.is_array() {
        return serde_json::to_string(value).unwrap_or_else(|_| value.to_string());
    }
    value.to_string()
}

fn answer(value: Dynamic) -> End {
    if value.is_unit() {
        return End::Answer(204, Vec::new());
    }
    if let Ok(text) = value.clone().into_immutable_string() {
        return End::Answer(200, text.as_bytes().to_vec());
    }
    if value.is_blob() {
        return End::Answer(200, value.cast::<Blob>());
    }
    serde_json::to_vec(&value).map_or(End::NoAnswer, |body| End::Answer(200, body))
}

async fn in_a_sandbox(program: &str) -> End {
    let Ok(image) = compile(program).await else { return End::NoProgram };
    let limits = Limits { fuel: 20_000_000_000, wall_ms: 60_000, ..Limits::default() };
    let outcome = executor().await.execute(&image, &invocation(request("GET", "/")), &limits, nobody()).await;
    match outcome.result {
        Ok(response) => End::Answer(response.status, response.body),
        Err(Failure { kind: FailureKind::InvalidResponse, .. }) => End::NoAnswer,
        Err(Failure { message, trace, .. }) => {
            let place = trace.first().map_or((0, 0), |frame| (frame.line as usize, frame.column as usize));
            End::Failed(place.0, place.1, without_hashes(message))
        }
    }
}

/// Programs of a file, each behind a line that names it.
fn programs(file: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language").join(file)).expect("the programs");
    let parts = text.split("---- ").skip(1).filter_map(|part| part.split_once('\n'));
    parts.map(|(name, program)| (name.to_owned(), program.strip_suffix('\n').unwrap_or(program).to_owned())).collect()
}

/// Compares all, and says how many were.
async fn compare(programs: Vec<(String, String)>) -> usize {
    // A deployment decides what an import finds: see `modules.rs`.
    let programs: Vec<_> = programs.into_iter().filter(|(_, program)| !program.contains("import ")).collect();
    let texts: Vec<_> = programs.iter().map(|(_, program)| program.clone()).collect();
    // Some nest as deep as they may, which takes more of a stack than threads of tests have.
    let native = std::thread::Builder::new().stack_size(NATIVE_STACK_BYTES).spawn(move || {
        let engine = engine();
        texts.iter().map(|program| natively(&engine, program)).collect::<Vec<_>>()
    });
    let native = native.expect("a thread").join().expect("the native runs");
    let (mut compared, mut wrong) = (0, Vec::new());
    for ((name, program), native) in programs.into_iter().zip(native) {
        let Some(native) = native else { continue };
        let sandboxed = in_a_sandbox(&program).await;
        compared += 1;
        if native != sandboxed {
            wrong.push(format!("{name}:\n{program}\nnatively {native:?}\nin a sandbox {sandboxed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n\n{}", wrong.len(), wrong.join("\n\n"));
    compared
}

#[tokio::test]
async fn what_rhai_tests_evaluate_comes_to_the_same() {
    let compared = compare(programs("rhai-tests.txt")).await;
    assert!(compared > 800, "{compared}");
}

#[tokio::test]
async fn our_own_programs_come_to_the_same() {
    assert!(compare(programs("ours.txt")).await > 35);
}

#[tokio::test]
async fn the_example_scripts_come_to_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language/scripts");
    let mut scripts: Vec<_> = std::fs::read_dir(folder).expect("the scripts").map(|entry| entry.expect("an entry").path()).collect();
    scripts.sort();
    let read = |path: &std::path::PathBuf| (path.display().to_string(), std::fs::read_to_string(path).expect("a script"));
    assert!(compare(scripts.iter().map(read).collect()).await > 20);
}

#[tokio::test]
async fn what_nobody_survives_natively_ends_the_script_and_nothing_else() {
    for program in ENDLESS {
        let end = in_a_sandbox(program).await;
        assert!(!matches!(end, End::NoProgram | End::Answer(..)), "{program}: {end:?}");
    }
    assert_eq!(in_a_sandbox("1 + 1").await, End::Answer(200, b"2".to_vec()));
}
