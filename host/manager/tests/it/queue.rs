//! `/api/v1/admin/queue` and `dead-letters`. Nobody runs jobs here: that is tested with the whole program.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::Instance;

#[tokio::test]
async fn jobs_are_enqueued_shown_and_removed() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.app("other").await;
    owner.script("shop", "mail").await;
    let body = json!({ "app": "shop", "script": "mail", "payload": { "to": ["ada"], "n": 1.5 }, "delay_seconds": 60, "attempts": 3, "backoff_seconds": 0.25 });
    let made = owner.post("/api/v1/admin/queue", &body).await.expect(201);
    assert_eq!(made.at("/payload"), &json!({ "to": ["ada"], "n": 1.5 }));
    assert_eq!(
        (made.at("/state"), made.at("/attempts"), made.at("/attempts_max"), made.at("/depth")),
        (&json!("waiting"), &json!(0), &json!(3), &json!(1))
    );
    assert_eq!((made.at("/backoff_seconds"), made.at("/enqueued_by"), made.at("/failure")), (&json!(0.25), &Value::Null, &Value::Null));
    let id = made.text("/id");
    let path = format!("/api/v1/admin/queue/{id}");
    assert_eq!(owner.get(&path).await.expect(200).json, made.json);

    let second = owner.post("/api/v1/admin/queue", &json!({ "app": "shop", "script": "mail", "payload": null })).await.expect(201);
    assert_eq!((second.at("/attempts_max"), second.at("/backoff_seconds"), second.at("/payload")), (&json!(5), &json!(10.0), &Value::Null));
    let listed = owner.get("/api/v1/admin/queue?app=shop&limit=1").await.expect(200);
    assert_eq!((listed.at("/items/0/id"), listed.json["items"][0].get("payload")), (&json!(id), None));
    let rest = owner.get(&format!("/api/v1/admin/queue?app=shop&cursor={}", listed.text("/next_cursor"))).await.expect(200);
    assert_eq!((rest.at("/items/0/id"), rest.at("/next_cursor")), (second.at("/id"), &Value::Null));
    assert_eq!(owner.get("/api/v1/admin/queue?app=other").await.expect(200).json["items"], json!([]));
    assert_eq!(owner.get("/api/v1/admin/dead-letters?app=shop").await.expect(200).json["items"], json!([]));

    owner.delete(&path).await.expect(204);
    owner.get(&path).await.problem(404, "not_found");
    owner.delete(&path).await.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.script("shop", "mail").await;
    for (wrong, pointer) in [
        (json!({ "script": "nobody" }), "/script"),
        (json!({ "script": "" }), "/script"),
        (json!({ "attempts": 0 }), "/attempts"),
        (json!({ "attempts": 21 }), "/attempts"),
        (json!({ "backoff_seconds": 0 }), "/backoff_seconds"),
        (json!({ "backoff_seconds": 1e300 }), "/backoff_seconds"),
        (json!({ "delay_seconds": -1 }), "/delay_seconds"),
        (json!({ "delay_seconds": 2_592_001 }), "/delay_seconds"),
        (json!({ "payload": "x".repeat(65_536) }), "/payload"),
    ] {
        let mut body = json!({ "app": "shop", "script": "mail", "payload": 1 });
        body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        let refused = owner.post("/api/v1/admin/queue", &body).await.problem(400, "request.invalid");
        assert_eq!(refused.json["errors"][0]["pointer"], pointer, "{wrong}");
    }
    let jobs = owner.get("/api/v1/admin/queue?app=shop").await.expect(200);
    assert_eq!(jobs.json["items"], json!([]));
    let few = json!({ "limits": { "queue_jobs": 1 } });
    owner.patch("/api/v1/admin/apps/shop", &few).await.expect(200);
    let body = json!({ "app": "shop", "script": "mail", "payload": 1 });
    owner.post("/api/v1/admin/queue", &body).await.expect(201);
    owner.post("/api/v1/admin/queue", &body).await.problem(409, "limit.reached");
}

#[tokio::test]
async fn dead_letters_run_again_or_are_removed() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.script("shop", "mail").await;
    let mut ids = Vec::new();
    for number in 0..2 {
        let body = json!({ "app": "shop", "script": "mail", "payload": number });
        ids.push(owner.post("/api/v1/admin/queue", &body).await.expect(201).text("/id"));
    }
    let execution = Uuid::now_v7();
    instance.database.execute(&format!(
        "update jobs set died_at = now(), attempts = 5, failed_outcome = 'error', failed_message = 'it threw', failed_execution_id = '{execution}'"
    )).await;
    assert_eq!(owner.get("/api/v1/admin/queue?app=shop").await.expect(200).json["items"], json!([]));
    let listed = owner.get("/api/v1/admin/dead-letters?app=shop").await.expect(200);
    assert_eq!(
        (listed.at("/items/0/id"), listed.at("/items/0/state"), listed.at("/items/1/due_at")),
        (&json!(ids[0]), &json!("dead"), &Value::Null)
    );
    let path = format!("/api/v1/admin/dead-letters/{}", ids[0]);
    let shown = owner.get(&path).await.expect(200);
    assert_eq!(
        (shown.at("/payload"), shown.at("/failure")),
        (&json!(0), &json!({ "execution_id": execution, "outcome": "error", "message": "it threw" }))
    );
    owner.get(&format!("/api/v1/admin/queue/{}", ids[0])).await.problem(404, "not_found");
    owner.delete(&format!("/api/v1/admin/queue/{}", ids[0])).await.problem(404, "not_found");

    let again = owner.post(&format!("{path}/replay"), &Value::Null).await.expect(200);
    assert_eq!((again.at("/id"), again.at("/state"), again.at("/attempts")), (&json!(ids[0]), &json!("waiting"), &json!(0)));
    assert_eq!(again.at("/failure/outcome"), "error", "why it failed stays until it fails again");
    owner.post(&format!("{path}/replay"), &Value::Null).await.problem(404, "not_found");
    let path = format!("/api/v1/admin/dead-letters/{}", ids[1]);
    owner.delete(&path).await.expect(204);
    owner.get(&path).await.problem(404, "not_found");
}
