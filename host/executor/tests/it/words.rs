//! What all of `crypto::`, `json::`, `text::`, `time::` and `rand::` have in common: errors that can be caught, and work in proportion.

use serde_json::{Value, json};

use crate::sandbox::{answer, run};

#[tokio::test]
async fn wrong_calls_are_errors_that_can_be_caught() {
    for (call, error, word) in [
        (r#"crypto::hash("sha3", "a")"#, "crypto.invalid", "sha3"),
        (r#"crypto::hash("sha256", 1)"#, "crypto.invalid", "i64"),
        (r#"crypto::hash("sha256", "a", "base32")"#, "crypto.invalid", "base32"),
        (r#"crypto::hmac("sha256", [], "a")"#, "crypto.invalid", "array"),
        (r#"crypto::equal("a", ())"#, "crypto.invalid", "()"),
        (r#"crypto::encode("blob", "a")"#, "crypto.invalid", "`blob`"),
        (r#"crypto::decode("hex", "0")"#, "crypto.invalid", "hex"),
        (r#"crypto::decode("hex", "0g")"#, "crypto.invalid", "at 1"),
        (r#"crypto::decode("base64", "a-b_")"#, "crypto.invalid", "at 1"),
        (r#"crypto::decode("base64url", "YQ===")"#, "crypto.invalid", "base64url"),
        (r#"crypto::decode("base64", "Y")"#, "crypto.invalid", "base64"),
        (r#"json::parse("{")"#, "json.invalid", "line 1 column 1"),
        (r#"json::parse(7)"#, "json.invalid", "i64"),
        (r#"json::stringify([0..5])"#, "json.invalid", "an array"),
        (r#"text::join([0..5], "")"#, "text.invalid", "range"),
        (r#"text::url_decode("%ff")"#, "text.invalid", "UTF-8"),
        (r#"text::query_build(#{ a: #{} })"#, "text.invalid", "map"),
        (r#"text::join([1, ()], "")"#, "text.invalid", "()"),
        (r#"time::format(253402300800000)"#, "time.invalid", "9999"),
        (r#"time::format(-9223372036854775807 - 1)"#, "time.invalid", "9999"),
        (r#"time::parts(9223372036854775807)"#, "time.invalid", "9999"),
        (r#"time::from_parts(#{ month: 1 })"#, "time.invalid", "year"),
        (r#"time::from_parts(#{ year: 2023, month: 2, day: 29 })"#, "time.invalid", "day"),
        (r#"time::from_parts(#{ year: 2024, minutes: 1 })"#, "time.invalid", "`minutes`"),
        (r#"time::from_parts(#{ year: "2024" })"#, "time.invalid", "`year`"),
        ("rand::int(2, 1)", "rand.invalid", "greater"),
        ("rand::bytes(-1)", "rand.invalid", "65536"),
        ("rand::string(8193)", "rand.invalid", "8192"),
        (r#"rand::string(1, "")"#, "rand.invalid", "characters"),
        ("rand::choice([])", "rand.invalid", "nothing"),
    ] {
        let script = format!("try {{ {call} }} catch (problem) {{ return `${{problem.error}}: ${{problem.message}}`; }}");
        let text = answer(&run(&script).await).1;
        assert!(text.starts_with(&format!("{error}: ")) && text.contains(word), "{call}: {text}");
    }
}

#[tokio::test]
async fn chance_is_even_and_draws_in_bulk() {
    let script = r#"
        let counts = [0, 0, 0, 0, 0, 0];
        for digit in rand::string(6000, "012345").split("") {
            if digit != "" { counts[digit.parse_int()] += 1; }
        }
        let all = []; for i in 0..10_000 { all.push(i); }
        let shuffled = rand::shuffle(all);
        let moved = 0; for i in 0..10_000 { if shuffled[i] != i { moved += 1; } }
        shuffled.sort();
        #{ counts: counts, moved: moved > 9_900, same: shuffled == all, whole: rand::int(-9223372036854775807 - 1, 9223372036854775807) != 0 }"#;
    let outcome = run(script).await;
    let told: Value = serde_json::from_str(&answer(&outcome).1).expect("JSON");
    let even = |count: &Value| (850..1150).contains(&count.as_i64().expect("a count"));
    assert!(told["counts"].as_array().expect("counts").iter().all(even), "{told}");
    assert_eq!((&told["moved"], &told["same"], &told["whole"]), (&json!(true), &json!(true), &json!(true)));
    assert!(outcome.usage.host_calls < 10, "{}", outcome.usage.host_calls);
}

/// What a script makes of nothing costs in proportion: none of these is slow with its square.
#[tokio::test]
async fn the_work_grows_with_the_text() {
    for call in [
        r#"text::slug(t)"#,
        r#"text::html_escape(t)"#,
        r#"text::url_decode(text::url_encode(t))"#,
        r#"text::query_parse_all(t)"#,
        r#"json::pretty(json::parse("[" + t + "1]"))"#,
        r#"crypto::decode("base64", crypto::encode("base64", t))"#,
        r#"crypto::hash("md5", t)"#,
    ] {
        let mut fuel = Vec::new();
        for length in [50_000, 100_000] {
            let outcome = run(&format!(r#"let t = ""; t.pad({length}, "1,"); {call}; ()"#)).await;
            assert_eq!(answer(&outcome).0, 204, "{call}");
            fuel.push(outcome.usage.fuel_used);
        }
        assert!(fuel[1] < fuel[0] * 5 / 2, "{call}: {fuel:?}");
    }
}
