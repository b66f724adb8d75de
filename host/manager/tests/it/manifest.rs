//! `POST /api/v1/admin/deployments`, the comparison of two, and the way back.

use serde_json::{Value, json};

use crate::support::{Answer, Caller, Instance};

const DEPLOYMENTS: &str = "/api/v1/admin/deployments";

fn manifest(scripts: &[(&str, &str)], routes: &[(&str, &str)]) -> Value {
    let scripts: Vec<Value> = scripts.iter().map(|(name, source)| json!({ "name": name, "source": source })).collect();
    let routes: Vec<Value> = routes.iter().map(|(script, path)| json!({ "script": script, "path": path })).collect();
    json!({ "app": "shop", "scripts": scripts, "routes": routes })
}

async fn send(owner: &Caller<'_>, body: &Value, with: Value) -> Answer {
    let mut body = body.clone();
    body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    owner.post(DEPLOYMENTS, &body).await
}

#[tokio::test]
async fn a_whole_app_in_one_call() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let both = manifest(&[("a", "1\n2\n3"), ("b", "b")], &[("a", "/a"), ("b", "/b")]);
    let key = owner.key(&["script:read", "script:write", "route:write"], Some("shop")).await;
    let first = send(&key, &both, json!({ "message": "All of it", "expected": 0 })).await.expect(201);
    assert_eq!((first.at("/number"), first.at("/active"), first.at("/message")), (&json!(1), &json!(true), &json!("All of it")));
    assert_eq!((first.at("/author/username"), first.at("/author/key_name")), (&json!("owner"), &json!("test")), "{}", first.json);
    let again = send(&owner, &both, json!({})).await.expect(200);
    assert_eq!((again.at("/id"), again.at("/number")), (first.at("/id"), &json!(1)), "nothing changed");

    let next = manifest(&[("a", "1\ntwo\n3")], &[("a", "/a"), ("a", "/c")]);
    let limits = json!({ "settings": { "limits": { "fuel": 1000 } } });
    let mut planned = limits.clone();
    planned["dry_run"] = json!(true);
    let plan = send(&owner, &next, planned).await.expect(200);
    assert_eq!((plan.at("/from"), plan.at("/to")), (&json!(1), &json!(null)));
    assert_eq!(owner.get(&format!("{DEPLOYMENTS}?app=shop")).await.expect(200).at("/items/1"), &json!(null), "a plan writes nothing");
    send(&owner, &next, json!({ "expected": 0 })).await.problem(412, "precondition.failed");
    let second = send(&owner, &next, limits).await.expect(201);
    assert_eq!(second.at("/settings/limits/fuel"), &json!(1000));

    let diff = owner.get(&format!("{DEPLOYMENTS}/{}/diff", second.text("/id"))).await.expect(200);
    assert_eq!((diff.at("/from"), diff.at("/to"), diff.at("/truncated")), (&json!(1), &json!(2), &json!(false)));
    let of = |name: &str| diff.json["scripts"].as_array().unwrap().iter().find(|script| script["name"] == name).unwrap().clone();
    assert_eq!((&of("a")["change"], &of("b")["change"]), (&json!("changed"), &json!("removed")));
    assert_eq!(of("a")["diff"], "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n\\ No newline at end of file\n");
    let changes: Vec<_> = diff.json["routes"].as_array().unwrap().iter().map(|route| route["change"].as_str().unwrap()).collect();
    assert_eq!((changes.contains(&"added"), changes.contains(&"removed"), changes.len()), (true, true, 2));
    assert_eq!(diff.at("/settings/after/limits/fuel"), &json!(1000));
    let texts = |answer: &Answer| {
        let scripts = answer.json["scripts"].as_array().unwrap().iter();
        scripts.map(|script| script["diff"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(texts(&plan), texts(&diff), "the plan said it before");
    let back = owner.get(&format!("{DEPLOYMENTS}/{}/diff?against={}", first.text("/id"), second.text("/id"))).await.expect(200);
    assert_eq!((back.at("/from"), back.at("/to")), (&json!(2), &json!(1)));

    // A text that the app had once need not be sent again.
    let digest = owner.get(&format!("{DEPLOYMENTS}/{}", first.text("/id"))).await.expect(200);
    let scripts = digest.json["scripts"].as_array().unwrap();
    let digest = scripts.iter().find(|script| script["name"] == "b").unwrap()["source_digest"].clone();
    let known = json!({ "app": "shop", "scripts": [{ "name": "c", "digest": digest, "kind": "module" }], "activate": false });
    let waiting = owner.post(DEPLOYMENTS, &known).await.expect(201);
    assert_eq!((waiting.at("/number"), waiting.at("/active")), (&json!(3), &json!(false)));
    owner.app("other").await;
    let elsewhere = json!({ "app": "other", "scripts": [{ "name": "c", "digest": digest }] });
    owner.post(DEPLOYMENTS, &elsewhere).await.problem(400, "request.invalid");
    let strange = format!("{DEPLOYMENTS}/{}/diff?against={}", first.text("/id"), uuid::Uuid::nil());
    owner.get(&strange).await.problem(404, "not_found");
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let body = json!({
        "app": "shop",
        "settings": { "limits": { "tentacles": 8, "fuel": 0 } },
        "scripts": [
            { "name": "bad name", "source": "1" },
            { "name": "a", "source": "let x = 1;\n  syntax error here" },
            { "name": "a", "source": "2" },
            { "name": "b", "source": "1", "digest": "00" },
            { "name": "c", "digest": "zz" },
            { "name": "d", "digest": "0".repeat(64) },
            { "name": "m", "source": "syntax error here", "kind": "module" },
        ],
        "routes": [
            { "script": "nobody", "path": "/x" },
            { "script": "m", "path": "/m" },
            { "script": "a", "path": "x" },
            { "script": "a", "path": "/same" },
            { "script": "a", "path": "/same" },
            { "script": "a", "path": "/h", "host": "not a host" },
        ],
    });
    let problem = owner.post(DEPLOYMENTS, &body).await.problem(400, "request.invalid");
    let told = problem.json["errors"].as_array().unwrap();
    let mut pointers: Vec<_> = told.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    pointers.sort_unstable();
    let expected = [
        "/routes/0/script",
        "/routes/1/script",
        "/routes/2/path",
        "/routes/4",
        "/routes/5/host",
        "/scripts/0/name",
        "/scripts/1/source",
        "/scripts/2/name",
        "/scripts/3",
        "/scripts/4/digest",
        "/scripts/5/digest",
        "/scripts/6/source",
        "/settings/limits/fuel",
        "/settings/limits/tentacles",
    ];
    assert_eq!(pointers, expected);
    let parsed = told.iter().find(|error| error["pointer"] == "/scripts/1/source").unwrap();
    assert_eq!((&parsed["line"], &parsed["column"]), (&json!(2), &json!(3)));
    assert!(parsed["message"].as_str().unwrap().starts_with("a: ") && parsed["caret"] == "  ^", "{parsed}");

    let broken = manifest(&[("a", "syntax error here"), ("b", "1\n syntax error here")], &[("a", "/x"), ("b", "/x")]);
    let problem = owner.post(DEPLOYMENTS, &broken).await.problem(422, "script.invalid");
    assert_eq!(problem.json["errors"].as_array().unwrap().len(), 3, "{}", problem.json);
    let conflict = manifest(&[("a", "1"), ("b", "2")], &[("a", "/x"), ("b", "/x")]);
    let problem = owner.post(DEPLOYMENTS, &conflict).await.problem(409, "route.conflict");
    assert!(problem.text("/errors/0/message").contains("ANY /x, /routes/0"), "{}", problem.json);
    assert_eq!(owner.get(&format!("{DEPLOYMENTS}?app=shop")).await.expect(200).at("/items"), &json!([]), "nothing of it was kept");
}

#[tokio::test]
async fn what_is_too_much_is_refused_before_it_is_read() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let many: Vec<Value> = (0..10_001).map(|number| json!({ "name": format!("s{number}"), "source": "1" })).collect();
    let problem = owner.post(DEPLOYMENTS, &json!({ "app": "shop", "scripts": many })).await.problem(400, "request.invalid");
    assert!(problem.text("/detail").contains("at most 10000 items"), "{}", problem.json);
    let large = manifest(&[("a", &"x".repeat(8 * 1024 * 1024))], &[]);
    owner.post(DEPLOYMENTS, &large).await.problem(413, "request.too_large");
    let long = manifest(&[("a", &"x".repeat(2 * 1024 * 1024))], &[]);
    let problem = owner.post(DEPLOYMENTS, &long).await.problem(422, "script.too_large");
    assert!(problem.text("/errors/0/message").contains("262144"), "{}", problem.json);
    owner
        .post("/api/v1/admin/scripts", &json!({ "app": "shop", "name": "a", "source": "x".repeat(2 * 1024 * 1024) }))
        .await
        .problem(413, "request.too_large");

    // Comparing two large sources that have nothing in common ends in time, and its answer is bounded.
    let lines = |word: &str| (0..20_000).map(|number| format!("{word}{number}\n")).collect::<String>();
    for word in ["a", "b"] {
        let scripts: Vec<(String, String)> = (0..8).map(|number| (format!("s{number}"), format!("// {number}\n{}", lines(word)))).collect();
        let scripts: Vec<(&str, &str)> = scripts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        owner.post(DEPLOYMENTS, &manifest(&scripts, &[])).await.expect(201);
    }
    let newest = owner.get(&format!("{DEPLOYMENTS}?app=shop")).await.expect(200).text("/items/0/id");
    let diff = owner.get(&format!("{DEPLOYMENTS}/{newest}/diff")).await.expect(200);
    assert_eq!(diff.at("/truncated"), &json!(true));
    assert_eq!(diff.json["scripts"].as_array().unwrap().len(), 8);
    assert!(diff.bytes.len() < 1024 * 1024, "{}", diff.bytes.len());
}

#[tokio::test]
async fn back_and_what_the_history_says() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let rollback = "/api/v1/admin/apps/shop/rollback";
    owner.send(http::Method::POST, rollback, None).await.problem(404, "not_found");
    for source in ["1", "2"] {
        owner.post(DEPLOYMENTS, &manifest(&[("a", source)], &[])).await.expect(201);
    }
    let back = owner.send(http::Method::POST, rollback, None).await.expect(200);
    assert_eq!((back.at("/number"), back.at("/active")), (&json!(1), &json!(true)));
    owner.post(rollback, &json!({ "to": 2, "message": "it was right" })).await.expect(200);
    owner.post(rollback, &json!({ "to": 7 })).await.problem(404, "not_found");
    owner.post(rollback, &json!({ "to": "7" })).await.problem(400, "request.invalid");
    owner.post(rollback, &json!({ "message": "a\0b" })).await.problem(400, "request.invalid");

    let page = owner.get("/api/v1/admin/activations?app=shop&limit=3").await.expect(200);
    let told: Vec<_> =
        page.json["items"].as_array().unwrap().iter().map(|entry| (entry["deployment"].clone(), entry["cause"].clone())).collect();
    assert_eq!(told, [(json!(2), json!("rollback")), (json!(1), json!("rollback")), (json!(2), json!("deploy"))]);
    assert_eq!((page.at("/items/0/message"), page.at("/items/0/author/username")), (&json!("it was right"), &json!("owner")));
    let rest = owner.get(&format!("/api/v1/admin/activations?app=shop&cursor={}", page.text("/next_cursor"))).await.expect(200);
    assert_eq!(
        (rest.at("/items/0/deployment"), rest.at("/items/0/previous"), rest.at("/next_cursor")),
        (&json!(1), &json!(null), &json!(null))
    );
}

#[tokio::test]
async fn a_preview_is_a_link_for_some_time() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let id = owner.post(DEPLOYMENTS, &manifest(&[("a", "1")], &[])).await.expect(201).text("/id");
    let path = format!("{DEPLOYMENTS}/{id}/preview");
    let link = owner.send(http::Method::POST, &path, None).await.expect(200);
    assert_eq!((link.at("/host"), link.at("/deployment")), (&json!("1--shop.localhost"), &json!(1)));
    assert!(link.text("/url").starts_with("http://1--shop.localhost:8080/preview-of-1-"), "{}", link.json);
    assert_eq!(link.at("/expires_at"), "2027-01-15T09:00:00Z", "an hour");
    owner.post(&path, &json!({ "expires_in_seconds": 604_800 })).await.expect(200);
    for seconds in [json!(59), json!(604_801), json!(-1), json!("60")] {
        owner.post(&path, &json!({ "expires_in_seconds": seconds })).await.problem(400, "request.invalid");
    }
}

#[tokio::test]
async fn a_split_is_between_the_active_one_and_another() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let split = "/api/v1/admin/apps/shop/split";
    owner.get(split).await.problem(404, "not_found");
    owner.delete(split).await.problem(404, "not_found");
    let waiting = json!({ "app": "shop", "scripts": [{ "name": "a", "source": "1" }], "activate": false });
    owner.post(DEPLOYMENTS, &waiting).await.expect(201);
    owner.put(split, &json!({ "deployment": 1, "percent": 5 })).await.problem(404, "not_found");
    owner.post(DEPLOYMENTS, &manifest(&[("a", "2")], &[])).await.expect(201);
    for (bad, pointer) in [
        (json!({ "deployment": 1, "percent": 0 }), "/percent"),
        (json!({ "deployment": 1, "percent": 100 }), "/percent"),
        (json!({ "deployment": 1, "percent": 5, "sticky": "user" }), "/sticky"),
        (json!({ "deployment": 1, "percent": 5, "sticky": "cookie:a;b" }), "/sticky"),
        (json!({ "deployment": 1, "percent": 5, "stop_above_error_rate": 100 }), "/stop_above_error_rate"),
        (json!({ "deployment": 1, "percent": 5, "window_requests": 19 }), "/window_requests"),
    ] {
        let problem = owner.put(split, &bad).await.problem(400, "request.invalid");
        assert_eq!(problem.at("/errors/0/pointer"), pointer, "{}", problem.json);
    }
    owner.put(split, &json!({ "deployment": 2, "percent": 5 })).await.problem(409, "in_use");
    owner.put(split, &json!({ "deployment": 9, "percent": 5 })).await.problem(404, "not_found");

    let set = json!({ "deployment": 1, "percent": 5, "sticky": "header:X-User", "stop_above_error_rate": 10 });
    let answer = owner.put(split, &set).await.expect(200);
    assert_eq!((answer.at("/running"), answer.at("/sticky")), (&json!(true), &json!("header:x-user")));
    assert_eq!((answer.at("/window_requests"), answer.at("/ended_because")), (&json!(100), &json!(null)));
    owner.put(split, &json!({ "deployment": 1, "percent": 20 })).await.expect(200);
    owner.delete(split).await.expect(204);
    owner.delete(split).await.problem(404, "not_found");
    let ended = owner.get(split).await.expect(200);
    assert_eq!((ended.at("/running"), ended.at("/percent")), (&json!(false), &json!(20)));

    // Promoting is activating.
    owner.put(split, &json!({ "deployment": 1, "percent": 20 })).await.expect(200);
    owner.post("/api/v1/admin/apps/shop/rollback", &json!({ "to": 1 })).await.expect(200);
    let ended = owner.get(split).await.expect(200);
    assert_eq!((ended.at("/running"), ended.at("/ended_because")), (&json!(false), &json!("Deployment 1 was activated.")));
}

#[tokio::test]
async fn an_endpoint_whose_module_changed_shows_as_changed() {
    let instance = Instance::new().await;
    let owner = instance.owner().await;
    owner.app("shop").await;
    let manifest = |rate: &str, dry_run: bool| {
        json!({ "app": "shop", "dry_run": dry_run, "routes": [], "scripts": [
            { "name": "money", "kind": "module", "source": format!("fn rate() {{ {rate} }}") },
            { "name": "tax", "kind": "module", "source": "import \"money\" as money;" },
            { "name": "unused", "kind": "module", "source": "fn f() {}" },
            { "name": "cart", "source": "import \"tax\" as tax; tax::of(1)" },
            { "name": "plain", "source": "import \"unused\" as u; 1" },
            { "name": "none", "source": "2" },
        ] })
    };
    owner.post(DEPLOYMENTS, &manifest("1", false)).await.expect(201);
    let plan = owner.post(DEPLOYMENTS, &manifest("2", true)).await.expect(200);
    let made = owner.post(DEPLOYMENTS, &manifest("2", false)).await.expect(201);
    let diff = owner.get(&format!("{DEPLOYMENTS}/{}/diff", made.text("/id"))).await.expect(200);
    for shown in [&plan, &diff] {
        let scripts = shown.json["scripts"].as_array().unwrap();
        let mut told: Vec<_> = scripts
            .iter()
            .map(|script| {
                (
                    script["name"].as_str().unwrap(),
                    script["change"].as_str().unwrap(),
                    script["through"].clone(),
                    script["diff"].is_string(),
                )
            })
            .collect();
        told.sort_by_key(|(name, ..)| *name);
        let expected = [
            ("cart", "changed", json!(["money"]), false),
            ("money", "changed", json!([]), true),
            ("tax", "changed", json!(["money"]), false),
        ];
        assert_eq!(told, expected, "{}", shown.json);
        assert!(scripts.iter().all(|script| script["id"].is_string()), "{}", shown.json);
    }
    // The same again is no change of anything.
    let plan = owner.post(DEPLOYMENTS, &manifest("2", true)).await.expect(200);
    assert_eq!(plan.at("/scripts"), &json!([]));
}
