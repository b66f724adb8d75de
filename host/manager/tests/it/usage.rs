//! `/api/v1/admin/usage`.

use execution::{Failure, FailureKind};
use serde_json::{Value, json};

use crate::{logs::run, support::Instance};

#[tokio::test]
async fn usage_has_all_steps_of_a_time_those_without_executions_too() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.app("other").await;
    let script = owner.script("shop", "hello").await;
    let failure = || Failure { kind: FailureKind::Error, message: "oops".to_owned(), trace: Vec::new() };
    run(&instance, "shop", &script, &[], None).await;
    run(&instance, "shop", &script, &[], Some(failure())).await;
    let now = instance.state.now();
    instance.pass_seconds(120);
    run(&instance, "shop", &script, &[], None).await;

    let series = owner.get("/api/v1/admin/usage?app=shop&step=1m").await.expect(200);
    let items = series.json["items"].as_array().unwrap();
    assert_eq!((items.len(), series.at("/step")), (24, &json!("1m")));
    let ran: Vec<&Value> = items.iter().filter(|item| item["executions"] != 0).collect();
    assert_eq!(ran.len(), 2);
    let mut first = ran[0].clone();
    let at: jiff::Timestamp = first["at"].as_str().unwrap().parse().unwrap();
    assert!(at <= now && now.as_second() - at.as_second() < 60 && at.as_second() % 60 == 0);
    first.as_object_mut().unwrap().remove("at");
    let expected = json!({
        "executions": 2, "requests": 2, "outcomes": { "ok": 1, "error": 1 }, "failures": 1, "fuel_used": 14, "memory_peak_bytes": 8,
        "wall_us_p50": 9, "wall_us_p95": 9, "wall_us_p99": 9,
    });
    assert_eq!(first, expected);
    let empty = items.iter().find(|item| item["executions"] == 0).unwrap();
    assert_eq!((&empty["outcomes"], &empty["wall_us_p50"], &empty["fuel_used"]), (&json!({}), &Value::Null, &json!(0)));
    // Every step follows the one before.
    let seconds = |item: &Value| item["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
    assert!(items.windows(2).all(|pair| seconds(&pair[1]) == seconds(&pair[0]) + 60));

    let sum = |series: &Value| series["items"].as_array().unwrap().iter().map(|item| item["executions"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum(&owner.get("/api/v1/admin/usage?app=shop").await.expect(200).json), 3);
    assert_eq!(sum(&owner.get("/api/v1/admin/usage?app=shop&step=1d").await.expect(200).json), 3);
    assert_eq!(sum(&owner.get("/api/v1/admin/usage?app=other&step=1d").await.expect(200).json), 0);
}

#[tokio::test]
async fn what_makes_no_series_is_refused_by_name() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    for (query, pointer, word) in [
        ("from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z&step=1m", "?step", "44640 steps"),
        ("from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", "?from", "before the end"),
        ("from=-009999-01-02T01:59:59Z&to=-009999-01-02T02:00:00Z&step=1d", "?from", "out of range"),
        ("step=2h", "?step", "1h"),
        ("from=yesterday", "?from", ""),
        ("steps=1h", "?steps", ""),
    ] {
        let refused = owner.get(&format!("/api/v1/admin/usage?app=shop&{query}")).await.problem(400, "request.invalid");
        let error = &refused.json["errors"][0];
        assert_eq!(error["pointer"], pointer, "{query}: {error}");
        assert!(error["message"].as_str().unwrap().contains(word), "{query}: {error}");
    }
}
