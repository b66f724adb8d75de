//! `/api/v1/admin/recordings` and `executions/{id}/replay`.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{logs::run, support::Instance};

#[tokio::test]
async fn recordings_are_listed_shown_and_run_again() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.app("other").await;
    let script = owner.script("shop", "hello").await;
    let first = run(&instance, "shop", &script, &[], None).await.to_string();
    instance.pass_seconds(1);
    let second = run(&instance, "shop", &script, &[], None).await.to_string();

    let listed = owner.get("/api/v1/admin/recordings?app=shop&limit=1").await.expect(200);
    assert_eq!((listed.at("/items/0/execution_id"), listed.at("/items/0/outcome")), (&json!(second), &json!("ok")));
    let rest = owner.get(&format!("/api/v1/admin/recordings?app=shop&cursor={}", listed.text("/next_cursor"))).await.expect(200);
    assert_eq!((rest.at("/items/0/execution_id"), rest.at("/next_cursor")), (&json!(first), &Value::Null));
    assert_eq!(
        owner.get(&format!("/api/v1/admin/recordings?app=shop&script={script}")).await.expect(200).json["items"].as_array().unwrap().len(),
        2
    );
    let nobody = Uuid::now_v7();
    assert_eq!(owner.get(&format!("/api/v1/admin/recordings?app=shop&script={nobody}")).await.expect(200).json["items"], json!([]));
    assert_eq!(owner.get("/api/v1/admin/recordings?app=other").await.expect(200).json["items"], json!([]));

    let shown = owner.get(&format!("/api/v1/admin/recordings/{first}")).await.expect(200);
    assert_eq!(shown.at("/recording/invocation/request/headers"), &json!([["cookie", "(not shown)"]]));
    assert_eq!(shown.at("/recording/ended/result/Ok/body"), "hello");
    assert_eq!((shown.at("/sources/0/name"), shown.at("/sources/0/source")), (&json!("hello"), &json!("// hello\n1")));

    let path = format!("/api/v1/admin/executions/{first}/replay");
    let replayed = owner.post(&path, &json!({})).await.expect(200);
    assert_eq!((replayed.at("/equal"), replayed.at("/deployment"), replayed.at("/divergence")), (&json!(true), &json!(1), &Value::Null));
    assert_eq!(replayed.at("/replayed/answer"), &json!({ "status": 200, "headers": [["a", "b"]], "body": "hello" }));
    assert_eq!(replayed.at("/recorded/logs"), &json!([{ "level": "info", "message": "line", "fields": { "n": 1 } }]));
    assert_eq!(owner.post(&path, &json!({ "deployment": 7 })).await.expect(200).at("/deployment"), 7);
    let refused = owner.post(&path, &json!({ "deployment": 91 })).await.problem(400, "request.invalid");
    assert_eq!(refused.json["errors"][0]["pointer"], "/deployment");
    owner.post(&path, &json!({ "deploiment": 7 })).await.problem(400, "request.invalid");

    // Of one that was not recorded, and of none.
    instance.database.execute("delete from recordings").await;
    owner.get(&format!("/api/v1/admin/recordings/{first}")).await.problem(404, "not_found");
    owner.post(&path, &json!({})).await.problem(404, "not_found");
    owner.post(&format!("/api/v1/admin/executions/{nobody}/replay"), &json!({})).await.problem(404, "not_found");
}
