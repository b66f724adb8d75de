//! `/api/v1/admin/scripts`.

use serde_json::json;

use crate::support::Instance;

const SCRIPTS: &str = "/api/v1/admin/scripts";

#[tokio::test]
async fn create_read_change_delete() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let app = owner.app("shop").await.text("/id");
    let made = owner.post(SCRIPTS, &json!({ "app": app, "name": "hello", "source": "1 + 1" })).await.expect(201);
    assert_eq!((made.at("/kind"), made.at("/source"), made.at("/app_id")), (&json!("endpoint"), &json!("1 + 1"), &json!(app)));
    let path = format!("{SCRIPTS}/{}", made.text("/id"));
    assert_eq!(owner.get(&path).await.expect(200).json, made.json);
    assert!(owner.clone().with("if-none-match", &made.etag()).get(&path).await.expect(304).bytes.is_empty());
    let listed = owner.get(&format!("{SCRIPTS}?app=shop")).await.expect(200);
    assert!(listed.at("/items/0/source").is_null() && listed.at("/items/0/id") == made.at("/id"), "{}", listed.json);

    let patched = owner.clone().with("if-match", &made.etag()).patch(&path, &json!({ "source": "2" })).await.expect(200);
    assert_eq!((patched.at("/name"), patched.at("/source")), (&json!("hello"), &json!("2")));
    assert_ne!(patched.at("/source_digest"), made.at("/source_digest"));
    owner.clone().with("if-match", &made.etag()).patch(&path, &json!({ "source": "3" })).await.problem(412, "precondition.failed");
    owner.put(&path, &json!({ "name": "hi" })).await.problem(400, "request.invalid");
    let put = owner.put(&path, &json!({ "name": "hi", "source": "4", "kind": "module" })).await.expect(200);
    assert_eq!((put.at("/name"), put.at("/kind")), (&json!("hi"), &json!("module")));
    owner.delete(&path).await.expect(204);
    owner.get(&path).await.problem(404, "not_found");
    owner.delete(&path).await.problem(404, "not_found");
    assert_eq!(owner.get("/api/v1/admin/apps/shop").await.expect(200).at("/deployment"), 4, "four changes, four deployments");
}

#[tokio::test]
async fn a_source_that_does_not_parse_changes_nothing() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let source = "let a = 1;\n\tlet é = syntax error here;\n";
    let answer = owner.post(SCRIPTS, &json!({ "app": "shop", "name": "hello", "source": source })).await.problem(422, "script.invalid");
    let error = answer.at("/errors/0");
    assert_eq!((&error["pointer"], &error["line"], &error["column"]), (&json!("/source"), &json!(2), &json!(10)));
    assert_eq!((&error["source_line"], &error["caret"]), (&json!("\tlet é = syntax error here;"), &json!("\t        ^")));
    assert_eq!(answer.text("/detail"), "hello, line 2, column 10: Unexpected words.");
    assert!(owner.get("/api/v1/admin/apps/shop").await.expect(200).at("/deployment").is_null());

    let id = owner.script("shop", "hello").await;
    owner.patch(&format!("{SCRIPTS}/{id}"), &json!({ "name": "other", "source": source })).await.problem(422, "script.invalid");
    assert_eq!(owner.get(&format!("{SCRIPTS}/{id}")).await.expect(200).at("/name"), "hello");
}

#[tokio::test]
async fn s_2_15_a_source_has_at_most_256_kib() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let of = |bytes: usize| json!({ "app": "shop", "name": "hello", "source": "x".repeat(bytes) });
    owner.post(SCRIPTS, &of(256 * 1024 + 1)).await.problem(422, "script.too_large");
    owner.post(SCRIPTS, &of(256 * 1024)).await.expect(201);
    owner.post(SCRIPTS, &of(1024 * 1024)).await.problem(413, "request.too_large");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    owner.script("shop", "hello").await;
    let other = owner.script("shop", "other").await;
    let taken = owner.post(SCRIPTS, &json!({ "app": "shop", "name": "hello", "source": "1" })).await.problem(409, "name.taken");
    assert!(taken.text("/detail").contains("`hello`") && taken.at("/errors/0/pointer") == "/name", "{}", taken.json);
    owner.patch(&format!("{SCRIPTS}/{other}"), &json!({ "name": "hello" })).await.problem(409, "name.taken");
    owner.post(SCRIPTS, &json!({ "app": "none", "name": "x", "source": "1" })).await.problem(404, "not_found");
    for (body, pointer) in [
        (json!({ "app": "shop", "name": "x", "source": "1", "kid": "module" }), "/kid"),
        (json!({ "app": "shop", "name": "x", "source": "1", "kind": "cron" }), "/kind"),
        (json!({ "app": "shop", "name": "a b", "source": "1" }), "/name"),
        (json!({ "app": "shop", "name": "", "source": "1" }), "/name"),
        (json!({ "app": "shop", "name": "x" }), "/source"),
        (json!({ "app": "shop", "name": "x", "source": "nul \u{0}" }), "/source"),
    ] {
        let answer = owner.post(SCRIPTS, &body).await.problem(400, "request.invalid");
        assert_eq!(answer.at("/errors/0/pointer"), pointer, "{}", answer.json);
    }
    owner.get(SCRIPTS).await.problem(400, "request.invalid");
    owner.get(&format!("{SCRIPTS}/not-an-id")).await.problem(404, "not_found");
}

#[tokio::test]
async fn validate_stores_nothing() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    let good = owner.post(&format!("{SCRIPTS}/validate"), &json!({ "source": "1" })).await.expect(200);
    assert_eq!(good.json, json!({ "valid": true, "errors": [] }));
    let bad = owner.post(&format!("{SCRIPTS}/validate"), &json!({ "source": "syntax error here" })).await.expect(200);
    assert_eq!((bad.at("/valid"), bad.at("/errors/0/caret")), (&json!(false), &json!("^")));
    let large = owner.post(&format!("{SCRIPTS}/validate"), &json!({ "source": "x".repeat(300_000) })).await.expect(200);
    assert_eq!(large.at("/valid"), false);
}
