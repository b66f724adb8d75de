//! Modules through the program: resolved at deploy, and a change of one is a change of what imports it.

use serde_json::{Value, json};

use crate::{
    http::Answer,
    instance::{Instance, PASSWORD},
};

fn put(instance: &Instance, name: &str, kind: &str, source: &str) -> Answer {
    instance.admin("POST", "scripts", &json!({ "app": "shop", "name": name, "kind": kind, "source": source }))
}

fn shop() -> Instance {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn refused(answer: &Answer, words: &[&str]) {
    let problem = answer.json();
    assert_eq!((answer.status, &problem["type"]), (422, &json!("/problems/script.import")), "{answer:?}");
    for word in words {
        assert!(problem["detail"].as_str().unwrap().contains(word), "{word}: {problem}");
    }
}

#[test]
fn a_change_of_a_module_changes_what_imports_it() {
    let mut instance = shop();
    refused(&put(&instance, "main", "endpoint", "import \"prices\" as p;\np::tea()"), &["main, line 1, column 8", "`prices`"]);
    let module = id(&put(&instance, "prices", "module", "fn tea() { 4 }"));
    let main = id(&put(&instance, "main", "endpoint", "import \"prices\" as p;\np::tea()"));
    let route = json!({ "app": "shop", "script": main, "path": "/" });
    assert_eq!(instance.admin("POST", "routes", &route).status, 201);
    assert_eq!(instance.visit("shop.localhost", "/").body, "4");

    let path = format!("scripts/{module}");
    assert_eq!(instance.admin("PATCH", &path, &json!({ "source": "fn tea() { 5 }" })).status, 200);
    assert_eq!(instance.visit("shop.localhost", "/").body, "5");

    // What would leave the import without its module is refused, and nothing of it is applied.
    refused(&instance.admin("DELETE", &path, &Value::Null), &["`main` would no longer compile", "`prices`"]);
    refused(&instance.admin("PATCH", &path, &json!({ "name": "costs" })), &["`main`", "`prices`"]);
    refused(&instance.admin("PATCH", &path, &json!({ "kind": "endpoint" })), &["`main`", "`prices`"]);
    refused(&instance.admin("PATCH", &path, &json!({ "source": "import \"prices\" as own;" })), &["prices, line 1", "circle"]);
    assert_eq!(instance.visit("shop.localhost", "/").body, "5");

    let back = instance.admin("POST", "apps/shop/rollback", &Value::Null);
    assert_eq!((back.status, instance.visit("shop.localhost", "/").body.as_str()), (200, "4"), "{back:?}");
    instance.stop();
    instance.start_again();
    assert_eq!(instance.visit("shop.localhost", "/").body, "4");
}

#[test]
fn a_manifest_is_linked_as_a_whole() {
    let instance = shop();
    let manifest = |modules: &[(&str, &str)]| {
        let mut scripts = vec![json!({ "name": "main", "source": "import \"a\" as a; a::word()" })];
        scripts.extend(modules.iter().map(|(name, source)| json!({ "name": name, "kind": "module", "source": source })));
        json!({ "app": "shop", "scripts": scripts, "routes": [{ "script": "main", "path": "/" }] })
    };
    let deploy = |modules: &[(&str, &str)]| instance.admin("POST", "deployments", &manifest(modules));
    refused(&deploy(&[]), &["`a`"]);
    refused(&deploy(&[("a", "import \"b\" as b;"), ("b", "import \"a\" as a;")]), &["`a` imports `b` imports `a`"]);
    assert_eq!(deploy(&[("a", "fn word() { \"one\" }")]).status, 201);
    assert_eq!(instance.visit("shop.localhost", "/").body, "one");
    assert_eq!(deploy(&[("a", "import \"b\" as b; fn word() { b::word() }"), ("b", "fn word() { \"two\" }")]).status, 201);
    assert_eq!(instance.visit("shop.localhost", "/").body, "two");
    // The sources of `main` and `a` are known already; without `b` they are other scripts.
    refused(&deploy(&[("a", "import \"b\" as b; fn word() { b::word() }")]), &["`b`"]);

    let valid = |body: Value| instance.admin("POST", "scripts/validate", &body).json()["valid"].clone();
    assert_eq!(valid(json!({ "source": "import \"a\" as a;", "app": "shop" })), true);
    assert_eq!(valid(json!({ "source": "import \"a\" as a;" })), false);
}
