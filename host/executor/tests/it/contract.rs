//! The script's contract (DESIGN section 4).

use crate::sandbox::{answer, run};

#[tokio::test]
async fn values_become_answers() {
    for (script, expected) in [
        (r#""hello""#, (200, "hello")),
        ("#{ a: 1 }", (200, r#"{"a":1}"#)),
        ("[1, 2.5, true, ()]", (200, "[1,2.5,true,null]")),
        ("()", (204, "")),
        ("42", (200, "42")),
        (r#"#{ statusCode: 201, body: "made" }"#, (201, "made")),
    ] {
        let outcome = run(script).await;
        println!("{script}: {outcome:?}");
        assert_eq!(answer(&outcome), (expected.0, expected.1.to_owned()), "{script}");
    }
}
