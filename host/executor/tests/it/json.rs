//! The guest has a reader of its own for JSON bodies. Whatever it is given, values and errors are those of `serde_json`.

use execution::{Execute, HttpRequest, Limits};
use serde_json::{Map, Value, json};

use crate::sandbox::{answer, compile, executor, invocation, nobody, request};

const SCRIPT: &str = "#{ statusCode: 200, body: [ctx.request.body, type_of(ctx.request.body), ctx.request.json_error] }";
/// Each sort of value, of blank and of escape once.
const DOCUMENT: &str = "{ \"a\":[1,-2 , 3.5e2,0,true,false,null,{},[] ],\r\n\t\"b\\n\":\"\\u00e9\\\\\\\"ü\", \"\":{\"a\":\"x\",\"a\":18}}";
/// What takes the place of each byte of the document once.
const STRANGERS: &[u8] = b"\"\\{}[],:-+.0e9nt \x00\x7f";

/// What a script sees of a body, by the reader that the guest's own must agree with.
fn expected(body: &str) -> String {
    let (value, error) = match serde_json::from_str(body) {
        Ok(value) => (as_script_value(value), Value::Null),
        Err(error) => (body.into(), error.to_string().into()),
    };
    let kind = match &value {
        Value::Null => "()",
        Value::Bool(_) => "bool",
        Value::Number(number) => {
            if number.is_f64() {
                "f64"
            } else {
                "i64"
            }
        }
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "map",
    };
    json!([value, kind, error]).to_string()
}

/// Scripts have whole numbers of 64 bits with a sign, and maps in the order of their keys.
fn as_script_value(value: Value) -> Value {
    match value {
        Value::Number(number) if !number.is_i64() => number.as_f64().into(),
        Value::Array(values) => values.into_iter().map(as_script_value).collect(),
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.into_iter().map(|(name, value)| (name, as_script_value(value))).collect();
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(Map::from_iter(pairs))
        }
        other => other,
    }
}

async fn assert_same(bodies: impl IntoIterator<Item = String>) {
    let (executor, image) = (executor().await, compile(SCRIPT).await.expect("the script compiles"));
    for body in bodies.into_iter().filter(|body| !body.is_empty()) {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let call = invocation(HttpRequest { headers, body: body.clone().into_bytes(), ..request("POST", "/") });
        let outcome = executor.execute(&image, &call, &Limits::default(), nobody()).await;
        assert_eq!(answer(&outcome), (200, expected(&body)), "{body:?}");
    }
}

#[tokio::test]
async fn numbers_are_those_of_serde_json() {
    let numbers = "0 -0 -1 00 01 -01 1. .5 1.5 1e3 1E-3 1e400 -1e-400 +1 - -- 1-1 1e 1e+ 123456789012345678 999999999999999999 \
                   9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551615 \
                   18446744073709551616 0.1 2.2250738585072011e-308 123456789.123456789 1,2 1_000 0x1 Infinity NaN";
    let listed = numbers.split_whitespace().map(|number| format!("[{number}]"));
    assert_same(numbers.split_whitespace().map(str::to_owned).chain(listed)).await;
}

#[tokio::test]
async fn what_is_malformed_anywhere_is_told_in_the_same_words() {
    let cut = (1..=DOCUMENT.len()).filter_map(|end| DOCUMENT.get(..end)).map(str::to_owned);
    let mutated = (0..DOCUMENT.len()).flat_map(|at| {
        STRANGERS.iter().filter_map(move |stranger| {
            let mut bytes = DOCUMENT.as_bytes().to_vec();
            bytes[at] = *stranger;
            String::from_utf8(bytes).ok()
        })
    });
    assert_same(cut.chain(mutated).chain([format!("{DOCUMENT} x"), "tru".to_owned(), "\u{feff}1".to_owned()])).await;
}

#[tokio::test]
async fn nesting_ends_where_serde_json_ends_it() {
    let nested = |depth: usize| "[".repeat(depth) + "]".repeat(depth).as_str();
    assert_same([126, 127, 128, 129, 100_000].map(nested)).await;
}

#[tokio::test]
async fn a_body_that_is_no_text_is_a_blob_with_an_error() {
    let (executor, image) = (executor().await, compile(SCRIPT).await.expect("the script compiles"));
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let call = invocation(HttpRequest { headers, body: b"[\"\xff\"]".to_vec(), ..request("POST", "/") });
    let (status, text) = answer(&executor.execute(&image, &call, &Limits::default(), nobody()).await);
    assert_eq!((status, text.as_str()), (200, r#"[[91,34,255,34,93],"blob","invalid unicode code point at line 1 column 3"]"#));
}
