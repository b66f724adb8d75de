//! Each signature of the reference can be called, with each of its types, and gives what it says.

use executor::Memory;

use super::source::{self, Signature};
use crate::sandbox::run_on;

/// What the interpreter says of a call that it has no function for.
const NOT_FOUND: &str = "Function not found";

#[tokio::test]
async fn every_signature_can_be_called() {
    let mut called = 0;
    for part in source::all() {
        for signature in part.entries.iter().flat_map(source::Entry::signatures) {
            for arguments in arguments(&signature) {
                let call = format!("{}({arguments})", signature.path);
                match answer_of(&call).await {
                    Ok(kind) => assert!(allows(&signature, &kind), "{call} gives {kind}"),
                    Err(message) => assert!(message.starts_with(&format!("{}.", part.name)), "{call}: {message}"),
                }
                called += 1;
            }
        }
    }
    assert!(called > 60, "{called}");
}

/// Otherwise the test above would say nothing.
#[tokio::test]
async fn what_is_not_registered_can_not_be_called() {
    for call in [r#"kv::put("a", 1)"#, r#"kv::get(1)"#, "time::now(1)", "ctx.request.cooked()", "text::slug()"] {
        let message = answer_of(call).await.expect_err("there is no such function");
        assert!(message.starts_with(NOT_FOUND), "{call}: {message}");
    }
}

/// The type of what the call gives, or the message of its error.
async fn answer_of(call: &str) -> Result<String, String> {
    // In the log: after some calls a script may not end with a value.
    let outcome = run_on(&format!("log::info(type_of({call}));"), Memory::default()).await;
    match &outcome.result {
        Ok(_) => Ok(outcome.logs.lines.last().expect("a line").message.clone()),
        Err(failure) => Err(failure.message.clone()),
    }
}

/// Something of each type; a parameter of several types has its first one in the first list, and so on.
fn arguments(signature: &Signature) -> Vec<String> {
    let lists = signature.parameters.iter().map(|parameter| parameter.types.len()).max().unwrap_or(1);
    let list = |index: usize| {
        let values = signature.parameters.iter().map(|parameter| value(&parameter.types[index % parameter.types.len()]));
        values.collect::<Vec<_>>().join(", ")
    };
    (0..lists).map(list).collect()
}

fn value(kind: &str) -> &'static str {
    match kind {
        "any" | "int" => "1",
        "string" => r#""1""#,
        "float" => "1.5",
        "bool" => "true",
        "array" => "[1]",
        "map" => "#{}",
        "blob" => "blob(2, 65)",
        _ => panic!("{kind} is no type of scripts"),
    }
}

fn allows(signature: &Signature, given: &str) -> bool {
    let kind = match given {
        "i64" => "int",
        "f64" => "float",
        other => other,
    };
    match signature.returns.as_slice() {
        [] => kind == "()",
        returns => returns.iter().any(|known| known == "any" || known == kind),
    }
}
