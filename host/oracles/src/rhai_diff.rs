//! F4: the language in the sandbox is the language: each program is run natively and in a sandbox, and both come to the same.
//!
//! Natively means the same crate of the interpreter, with the same limits, on this machine's processor. Compared is the answer, or that there is none and where
//! and why; of what takes too much natively, or in the sandbox, nothing.

use std::sync::{LazyLock, Mutex, mpsc};

use execution::{Failure, FailureKind, Limits};
use executor::Memory;
use rhai::{
    ASTNode, Array, Blob, Dynamic, Engine, EvalAltResult, Map, Position, Stmt,
    packages::{Package as _, StandardPackage},
};

use crate::sandbox::{RUNTIME, compile, execute, executor};

/// Some programs nest as deep as they may, and what they made is dropped just as deep.
const NATIVE_STACK_BYTES: usize = 1 << 30;
/// What a native run of a drawn program may do, and how large its values may become.
const BOUNDS: Bounds = Bounds { operations: 20_000, size: Some(10_000) };
/// What scripts have beyond the language. Programs that name it are not compared.
const BEYOND: [&str; 9] = ["::", "ctx", "import", "raw", "query_all", "headers_all", "statusCode", "timestamp", "sleep"];
/// Functions of floats whose last digit is the platform's: IEEE 754 only recommends how they are rounded. The sandbox has its own, the same on every machine.
/// Programs that name one are not compared.
const ROUNDED: [&str; 7] = ["sin", "cos", "tan", "hypot", "exp", "ln", "log"];

/// Whoever runs programs natively.
type Natives = mpsc::SyncSender<(String, mpsc::SyncSender<Option<End>>)>;

/// Where a native run is given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) operations: u64,
    /// Of strings, arrays and maps. Checking it is slow.
    pub(crate) size: Option<usize>,
}

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let Ok(program) = std::str::from_utf8(bytes) else { return };
    let has_power_of_floats = program.contains("**") && program.contains('.');
    if has_power_of_floats || BEYOND.iter().chain(&ROUNDED).any(|word| program.contains(word)) {
        return;
    }
    let Some(native) = natively_there(program) else { return };
    let sandboxed = in_a_sandbox(program, Limits::default().fuel);
    assert!(sandboxed.as_ref().is_none_or(|sandboxed| *sandboxed == native), "natively {native:?}, in a sandbox {sandboxed:?}");
}

/// A native run on the thread that has the stack for it.
fn natively_there(program: &str) -> Option<End> {
    static NATIVES: LazyLock<Mutex<Natives>> = LazyLock::new(|| {
        let (give, take) = mpsc::sync_channel::<(String, mpsc::SyncSender<Option<End>>)>(0);
        let work = move || {
            let engine = engine(BOUNDS);
            while let Ok((program, answer)) = take.recv() {
                let end = if captures(&engine, &program) { None } else { natively(&engine, &program) };
                drop(answer.send(end));
            }
        };
        std::thread::Builder::new().stack_size(NATIVE_STACK_BYTES).spawn(work).unwrap();
        Mutex::new(give)
    });
    let (answer, answered) = mpsc::sync_channel(1);
    NATIVES.lock().unwrap().send((program.to_owned(), answer)).unwrap();
    answered.recv().unwrap()
}

/// What a program comes to.
#[derive(Debug, PartialEq)]
pub(crate) enum End {
    /// It does not parse.
    NoProgram,
    Answer(u16, Vec<u8>),
    /// The value is no answer.
    NoAnswer,
    /// Line, column and message.
    Failed(usize, usize, String),
}

/// The interpreter as the guest builds it (`guest/src/engine.rs`), without what scripts can call beyond the language.
pub(crate) fn engine(bounds: Bounds) -> Engine {
    let mut engine = Engine::new_raw();
    engine.register_global_module(StandardPackage::new().as_shared_module());
    engine.disable_symbol("eval");
    engine.disable_symbol("sleep");
    engine.set_max_operations(bounds.operations);
    engine.set_max_call_levels(64);
    engine.set_max_expr_depths(64, 32);
    engine.set_max_variables(1000);
    engine.set_max_functions(500);
    if let Some(size) = bounds.size {
        engine.set_max_string_size(size).set_max_array_size(size).set_max_map_size(size);
    }
    engine
}

/// Whether a closure captures a variable. It can be put into that variable then: such a value has no end, and printing it overflows every stack.
fn captures(engine: &Engine, program: &str) -> bool {
    let mut captures = false;
    if let Ok(ast) = engine.compile(program) {
        ast.walk(&mut |path: &[ASTNode<'_>]| {
            captures |= matches!(path.last(), Some(ASTNode::Stmt(Stmt::Share(..))));
            !captures
        });
    }
    captures
}

/// `None`: it takes too much.
pub(crate) fn natively(engine: &Engine, program: &str) -> Option<End> {
    let Ok(ast) = engine.compile(program) else { return Some(End::NoProgram) };
    Some(match engine.eval_ast::<Dynamic>(&ast) {
        Ok(value) => answer(value),
        Err(error) => match innermost(*error) {
            EvalAltResult::ErrorTooManyOperations(..) | EvalAltResult::ErrorDataTooLarge(..) => return None,
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
    let mut parts = message.split("anon$");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "anon$" + part.trim_start_matches(|character: char| character.is_ascii_hexdigit()))
}

/// The same for an answer, which may be no text.
fn body(bytes: Vec<u8>) -> Vec<u8> {
    String::from_utf8(bytes).map_or_else(|error| error.into_bytes(), |text| without_hashes(text).into_bytes())
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
    if (value.is_map() || value.is_array()) && !has_no_json(value) {
        return serde_json::to_string(value).unwrap_or_else(|_| value.to_string());
    }
    value.to_string()
}

/// Whether there is a range or an iterator in a value. The interpreter's own writer says the name of its type in Rust, and the guest that it can't be written.
fn has_no_json(value: &Dynamic) -> bool {
    value.is_variant()
        || value.read_lock::<Map>().is_some_and(|map| map.values().any(has_no_json))
        || value.read_lock::<Array>().is_some_and(|array| array.iter().any(has_no_json))
}

fn answer(value: Dynamic) -> End {
    if value.is_unit() {
        return End::Answer(204, Vec::new());
    }
    if let Ok(text) = value.clone().into_immutable_string() {
        return End::Answer(200, body(text.as_bytes().to_vec()));
    }
    if value.is_blob() {
        return End::Answer(200, body(value.cast::<Blob>()));
    }
    if has_no_json(&value) {
        return End::NoAnswer;
    }
    serde_json::to_vec(&value).map_or(End::NoAnswer, |bytes| End::Answer(200, body(bytes)))
}

/// `None`: it takes more than an execution may.
pub(crate) fn in_a_sandbox(program: &str, fuel: u64) -> Option<End> {
    let executor = executor();
    let limits = Limits { fuel, wall_ms: 60_000, ..Limits::default() };
    let outcome = RUNTIME.block_on(async {
        let image = compile(&executor, program).await.ok()?;
        Some(execute(&executor, &image, &limits, Box::new(Memory::default())).await)
    });
    let Some(outcome) = outcome else { return Some(End::NoProgram) };
    Some(match outcome.result {
        Ok(response) => End::Answer(response.status, body(response.body)),
        Err(Failure { kind: FailureKind::InvalidResponse, .. }) => End::NoAnswer,
        Err(Failure { kind: FailureKind::Fuel | FailureKind::Memory | FailureKind::Deadline, .. }) => return None,
        Err(Failure { message, trace, .. }) => {
            let place = trace.first().map_or((0, 0), |frame| (frame.line as usize, frame.column as usize));
            End::Failed(place.0, place.1, without_hashes(message))
        }
    })
}
