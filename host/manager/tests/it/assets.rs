//! Assets, the deployments that name them, and the routes that serve them.

use axum::body::Body;
use http::Method;
use serde_json::{Value, json};
use store::Digest;

use crate::support::{Answer, Caller, Instance};

const ASSETS: &str = "/api/v1/admin/assets";
const DEPLOYMENTS: &str = "/api/v1/admin/deployments";
const ROUTES: &str = "/api/v1/admin/routes";

fn digest(bytes: &str) -> String {
    Digest::of(bytes.as_bytes()).to_string()
}

async fn put_as(caller: &Caller<'_>, digest: &str, bytes: &str) -> Answer {
    let mut request = caller.request(Method::PUT, &format!("{ASSETS}/{digest}?app=site"), None);
    *request.body_mut() = Body::from(bytes.to_owned());
    caller.instance.send(request).await
}

async fn put(caller: &Caller<'_>, bytes: &str) {
    let stored = put_as(caller, &digest(bytes), bytes).await.expect(200);
    assert_eq!((stored.text("/digest"), stored.at("/size")), (digest(bytes), &json!(bytes.len())));
}

/// A whole deployment of these assets (path and bytes) and routes.
fn manifest(assets: &[(&str, &str)], routes: Value) -> Value {
    let assets: serde_json::Map<_, _> = assets.iter().map(|(path, bytes)| ((*path).to_owned(), json!(digest(bytes)))).collect();
    json!({ "app": "site", "scripts": [{ "name": "api", "source": "1" }], "routes": routes, "assets": assets })
}

async fn site(instance: &Instance) -> Caller<'_> {
    let owner = instance.owner().await;
    owner.app("site").await;
    owner
}

async fn limit(owner: &Caller<'_>, name: &str, value: u64) {
    owner.patch("/api/v1/admin/apps/site", &json!({ "limits": { name: value } })).await.expect(200);
}

#[tokio::test]
async fn bytes_are_taken_by_their_digest() {
    let instance = Instance::new().await;
    let owner = site(&instance).await;
    put(&owner, "one").await;
    put(&owner, "").await;
    put(&owner, "one").await;
    let upper = put_as(&owner, &digest("one").to_uppercase(), "one").await.expect(200);
    assert_eq!(upper.text("/digest"), digest("one"));
    let wrong = put_as(&owner, &digest("two"), "one").await.problem(400, "request.invalid");
    assert!(wrong.text("/detail").contains(&digest("one")), "{}", wrong.json);
    for bad in ["x", "00", &"g".repeat(64), &"0".repeat(63), "..%2F..%2Fetc%2Fpasswd"] {
        put_as(&owner, bad, "one").await.problem(400, "request.invalid");
    }

    let ask = |digests: Value| json!({ "app": "site", "digests": digests });
    let missing = owner.post(&format!("{ASSETS}/missing"), &ask(json!([digest("b"), digest("one"), digest("a"), digest("b")]))).await;
    assert_eq!(missing.expect(200).json, json!({ "missing": [digest("b"), digest("a")] }), "in order, and once");
    assert_eq!(owner.post(&format!("{ASSETS}/missing"), &ask(json!([]))).await.expect(200).json, json!({ "missing": [] }));
    let bad = owner.post(&format!("{ASSETS}/missing"), &ask(json!([digest("a"), "b"]))).await.problem(400, "request.invalid");
    assert_eq!(bad.at("/errors/0/pointer"), "/digests/1");
    let many: Vec<String> = (0..10_001).map(|number| digest(&number.to_string())).collect();
    owner.post(&format!("{ASSETS}/missing"), &ask(json!(many))).await.problem(400, "request.invalid");

    // Another app has none of it, whatever it knows.
    owner.app("other").await;
    let asked = owner.post(&format!("{ASSETS}/missing"), &json!({ "app": "other", "digests": [digest("one")] })).await.expect(200);
    assert_eq!(asked.json, json!({ "missing": [digest("one")] }));
}

#[tokio::test]
async fn what_is_too_much_is_refused() {
    let instance = Instance::new().await;
    let owner = site(&instance).await;
    limit(&owner, "asset_bytes", 10).await;
    put(&owner, &"x".repeat(10)).await;
    let large = put_as(&owner, &digest(&"x".repeat(11)), &"x".repeat(11)).await.problem(413, "request.too_large");
    assert!(large.text("/detail").contains("10 bytes (asset_bytes)"), "{}", large.json);
    limit(&owner, "assets_bytes", 9).await;
    let quota = put_as(&owner, &digest(&"y".repeat(10)), &"y".repeat(10)).await.problem(507, "execution.quota");
    assert!(quota.text("/detail").contains("assets_bytes"), "{}", quota.json);
    put_as(&owner, &digest("z"), "z").await.expect(200);
    let over = owner.post(DEPLOYMENTS, &manifest(&[("/x", &"x".repeat(10)), ("/z", "z")], json!([]))).await.problem(507, "execution.quota");
    assert!(over.text("/detail").contains("9 bytes of assets (assets_bytes)"), "{}", over.json);
    limit(&owner, "assets", 1).await;
    let many = owner.post(DEPLOYMENTS, &manifest(&[("/x", "z"), ("/z", "z")], json!([]))).await.problem(400, "request.invalid");
    assert!(many.text("/detail").contains("at most 1 assets"), "{}", many.json);
    owner.post(DEPLOYMENTS, &manifest(&[("/z", "z")], json!([]))).await.expect(201);
}

#[tokio::test]
async fn a_deployment_names_what_is_there() {
    let instance = Instance::new().await;
    let owner = site(&instance).await;
    put(&owner, "one").await;
    let mut unknown = manifest(&[("/a/b~c", "two"), ("/index.html", "one"), ("/z", "three")], json!([]));
    let problem = owner.post(DEPLOYMENTS, &unknown).await.problem(422, "asset.missing");
    assert_eq!((problem.at("/errors/0/pointer"), problem.at("/errors/1/pointer")), (&json!("/assets/~1a~1b~0c"), &json!("/assets/~1z")));
    let told = problem.text("/errors/0/message");
    assert!(told.contains("/a/b~c") && told.contains(&digest("two")) && told.contains("upload"), "{told}");
    // What would change can be asked before anything is sent.
    unknown["dry_run"] = json!(true);
    let plan = owner.post(DEPLOYMENTS, &unknown).await.expect(200);
    assert_eq!(plan.at("/assets/0"), &json!({ "change": "added", "path": "/a/b~c", "before": null, "after": digest("two") }));
    assert_eq!(plan.at("/assets").as_array().unwrap().len(), 3);
    for path in ["", "a", "/", "//a", "/a/", "/../a", "/a/..", "/a\\b", "/a\0", "/.well-known/picloud/x", &format!("/{}", "x".repeat(256))]
    {
        let bad = owner.post(DEPLOYMENTS, &manifest(&[(path, "one")], json!([]))).await.problem(400, "request.invalid");
        let pointer = format!("/assets/{}", path.replace('~', "~0").replace('/', "~1"));
        assert_eq!(bad.at("/errors/0/pointer"), &json!(pointer), "{}", bad.json);
    }
    let mut bad = manifest(&[], json!([]));
    bad["assets"] = json!({ "/a": "00" });
    owner.post(DEPLOYMENTS, &bad).await.problem(400, "request.invalid");

    // What a route names is in the same deployment.
    for (name, terms) in [("fallback", json!({ "fallback": "/b" })), ("not_found", json!({ "fallback": "/a", "not_found": "/b" }))] {
        let body = manifest(&[("/a", "one")], json!([{ "script": "api", "path": "/x" }, { "path": "/*", "static": terms }]));
        let problem = owner.post(DEPLOYMENTS, &body).await.problem(422, "asset.missing");
        assert_eq!(problem.at("/errors/0/pointer"), &json!(format!("/routes/1/static/{name}")));
    }
    for (route, pointer) in [
        (json!({ "path": "/*" }), "/routes/0/script"),
        (json!({ "path": "/*", "script": "api", "static": {} }), "/routes/0/static"),
        (json!({ "path": "/*", "static": {}, "method": "POST" }), "/routes/0/method"),
        (json!({ "path": "/*", "static": { "max_age": 31_536_001 } }), "/routes/0/static/max_age"),
        (json!({ "path": "/*", "static": { "fallback": "a" } }), "/routes/0/static/fallback"),
        (json!({ "path": "/*", "static": { "unknown": 1 } }), "/routes/0/static/unknown"),
        (json!({ "path": "/*", "static": [null, null, null] }), "/routes/0/static"),
    ] {
        let problem = owner.post(DEPLOYMENTS, &manifest(&[], json!([route]))).await.problem(400, "request.invalid");
        assert_eq!(problem.at("/errors/0/pointer"), pointer, "{}", problem.json);
    }
    let both = json!([{ "path": "/*", "static": {} }, { "path": "/*", "script": "api", "method": "get" }]);
    owner.post(DEPLOYMENTS, &manifest(&[], both)).await.problem(409, "route.conflict");
    assert_eq!(owner.get(&format!("{DEPLOYMENTS}?app=site")).await.expect(200).at("/items"), &json!([]), "nothing of it was kept");
}

#[tokio::test]
async fn a_site_is_shown_compared_and_made_again() {
    let instance = Instance::new().await;
    let owner = site(&instance).await;
    for bytes in ["one", "two", "three"] {
        put(&owner, bytes).await;
    }
    let routes = json!([
        { "path": "/api/*", "script": "api" },
        { "path": "/*", "static": { "fallback": "/index.html", "not_found": null, "max_age": 60 }, "method": "get" },
    ]);
    let first = manifest(&[("/index.html", "one"), ("/app.js", "two"), ("/gone.css", "two")], routes.clone());
    let made = owner.post(DEPLOYMENTS, &first).await.expect(201).text("/id");
    let detail = owner.get(&format!("{DEPLOYMENTS}/{made}")).await.expect(200);
    assert_eq!(detail.json["assets"], first["assets"]);
    let kinds: Vec<_> = detail.json["routes"].as_array().unwrap().iter().map(|route| route["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds.len(), kinds.contains(&"script"), kinds.contains(&"static")), (2, true, true));
    let fixed = detail.json["routes"].as_array().unwrap().iter().find(|route| route["kind"] == "static").unwrap();
    assert_eq!((&fixed["script_id"], &fixed["method"]), (&Value::Null, &json!("GET")));
    assert_eq!(fixed["static"], json!({ "fallback": "/index.html", "not_found": null, "max_age": 60 }));
    // All of it again, made of what was shown.
    let again = json!({
        "app": "site", "assets": detail.json["assets"],
        "scripts": [{ "name": "api", "digest": detail.json["scripts"][0]["source_digest"] }],
        "routes": [{ "path": "/api/*", "script": "api" }, { "path": fixed["path"], "static": fixed["static"], "method": fixed["method"] }],
    });
    assert_eq!(owner.post(DEPLOYMENTS, &again).await.expect(200).text("/id"), made, "nothing changed");

    let mut next = manifest(&[("/index.html", "three"), ("/app.js", "two"), ("/new.svg", "one")], routes);
    next["dry_run"] = json!(true);
    let plan = owner.post(DEPLOYMENTS, &next).await.expect(200);
    next["dry_run"] = json!(false);
    let second = owner.post(DEPLOYMENTS, &next).await.expect(201).text("/id");
    let diff = owner.get(&format!("{DEPLOYMENTS}/{second}/diff")).await.expect(200);
    assert_eq!(diff.json["assets"], plan.json["assets"], "the plan said it before");
    assert_eq!(
        diff.json["assets"],
        json!([
            { "change": "removed", "path": "/gone.css", "before": digest("two"), "after": null },
            { "change": "changed", "path": "/index.html", "before": digest("one"), "after": digest("three") },
            { "change": "added", "path": "/new.svg", "before": null, "after": digest("one") },
        ])
    );
    assert_eq!((diff.at("/routes"), diff.at("/truncated")), (&json!([]), &json!(false)));

    let listed = owner.get(&format!("{ASSETS}?app=site&limit=2")).await.expect(200);
    assert_eq!(
        listed.json["items"][1],
        json!({ "path": "/index.html", "digest": digest("three"), "size": 5, "content_type": "text/html; charset=utf-8" })
    );
    let rest = owner.get(&format!("{ASSETS}?app=site&limit=2&cursor={}", listed.text("/next_cursor"))).await.expect(200);
    assert_eq!(
        (rest.at("/items/0/path"), rest.at("/items/0/content_type"), rest.at("/next_cursor")),
        (&json!("/new.svg"), &json!("image/svg+xml; charset=utf-8"), &Value::Null)
    );
    let before = owner.get(&format!("{ASSETS}?app=site&deployment=1&prefix=/g")).await.expect(200);
    assert_eq!((before.at("/items/0/path"), before.at("/items/1")), (&json!("/gone.css"), &Value::Null));
    owner.get(&format!("{ASSETS}?app=site&deployment=9")).await.problem(404, "not_found");
    // A manifest says all: without assets there are none; an edit of a script carries them on.
    let script = detail.json["scripts"][0]["id"].as_str().unwrap();
    owner.patch(&format!("/api/v1/admin/scripts/{script}"), &json!({ "source": "2" })).await.expect(200);
    assert_eq!(owner.get(&format!("{ASSETS}?app=site")).await.expect(200).json["items"].as_array().unwrap().len(), 3);
    owner.post(DEPLOYMENTS, &json!({ "app": "site", "scripts": [] })).await.expect(201);
    assert_eq!(owner.get(&format!("{ASSETS}?app=site")).await.expect(200).at("/items"), &json!([]));
}

#[tokio::test]
async fn a_route_may_be_static() {
    let instance = Instance::new().await;
    let owner = site(&instance).await;
    put(&owner, "one").await;
    owner.post(DEPLOYMENTS, &manifest(&[("/index.html", "one")], json!([]))).await.expect(201);
    let new = |terms: Value| json!({ "app": "site", "path": "/*", "static": terms });
    let missing = owner.post(ROUTES, &new(json!({ "not_found": "/404.html" }))).await.problem(422, "asset.missing");
    assert_eq!(missing.at("/errors/0/pointer"), "/static/not_found");
    let neither = owner.post(ROUTES, &json!({ "app": "site", "path": "/*" })).await.problem(400, "request.invalid");
    assert_eq!(neither.at("/errors/0/pointer"), "/script");
    let made = owner.post(ROUTES, &new(json!({ "fallback": "/index.html" }))).await.expect(201);
    assert_eq!((made.at("/kind"), made.at("/method"), made.at("/script_id")), (&json!("static"), &json!("GET"), &Value::Null));
    let at = format!("{ROUTES}/{}", made.text("/id"));
    let read = owner.get(&at).await.expect(200);
    assert_eq!((read.json.clone(), read.etag()), (made.json.clone(), made.etag()));
    owner.post(ROUTES, &new(json!({}))).await.problem(409, "route.conflict");

    // To a script, and back.
    let script = owner.script("site", "main").await;
    let changed = owner.patch(&at, &json!({ "script": script })).await.expect(200);
    assert_eq!((changed.at("/kind"), changed.at("/static"), changed.text("/script_id")), (&json!("script"), &Value::Null, script.clone()));
    owner.patch(&at, &json!({ "method": "POST" })).await.expect(200);
    owner.patch(&at, &json!({ "static": {}, "script": script })).await.problem(400, "request.invalid");
    let back = owner.patch(&at, &json!({ "static": { "max_age": 5 } })).await.expect(200);
    assert_eq!((back.at("/static/max_age"), back.at("/method"), back.at("/path")), (&json!(5), &json!("GET"), &json!("/*")));
    owner.patch(&at, &json!({ "method": "POST" })).await.problem(400, "request.invalid");
    let moved = owner.patch(&at, &json!({ "path": "/docs/*" })).await.expect(200);
    assert_eq!(moved.at("/static/max_age"), &json!(5), "what is not named stays");
    owner.put(&at, &json!({ "path": "/*", "static": { "fallback": "/nope" } })).await.problem(422, "asset.missing");
    owner.put(&at, &json!({ "path": "/*", "static": { "fallback": "/index.html" } })).await.expect(200);
    assert_eq!(owner.get(&format!("{ROUTES}?app=site")).await.expect(200).at("/items/0/static/fallback"), "/index.html");
    owner.delete(&format!("/api/v1/admin/scripts/{script}")).await.expect(204);
    owner.delete(&at).await.expect(204);
    owner.get(&at).await.problem(404, "not_found");
}

#[tokio::test]
async fn check_and_match_know_assets() {
    let instance = Instance::new().await;
    let owner = site(&instance).await;
    put(&owner, "one").await;
    let routes = json!([{ "path": "/index.html", "static": {} }, { "path": "/none", "static": {} }, { "path": "/api", "script": "api" }]);
    owner.post(DEPLOYMENTS, &manifest(&[("/index.html", "one")], routes)).await.expect(201);
    let ask = async |path: &str| owner.post(&format!("{ROUTES}/match"), &json!({ "app": "site", "path": path })).await.expect(200);
    let hit = ask("/index.html").await;
    assert_eq!(hit.at("/route/kind"), "static");
    assert_eq!(
        hit.json["asset"],
        json!({ "status": 200, "path": "/index.html", "content_type": "text/html; charset=utf-8", "location": null, "why": "It has this path." })
    );
    assert_eq!(ask("/none").await.at("/asset/status"), 404);
    assert_eq!(ask("/api").await.at("/asset"), &Value::Null);

    let check = async |body: Value| owner.post(&format!("{ROUTES}/check"), &body).await;
    let candidate = |terms: Value, path: &str| json!({ "app": "site", "path": path, "static": terms });
    assert_eq!(check(candidate(json!({ "fallback": "/index.html" }), "/*")).await.expect(200).at("/valid"), &json!(true));
    let missing = check(candidate(json!({ "fallback": "/x" }), "/*")).await.expect(200);
    assert_eq!((missing.at("/valid"), missing.at("/errors/0/pointer")), (&json!(false), &json!("/static/fallback")));
    let both = check(candidate(json!({ "fallback": "/x" }), "/index.html")).await.expect(200);
    assert_eq!((both.json["errors"].as_array().unwrap().len(), both.at("/conflict/kind")), (2, &json!("static")));
}
