//! Whole apps, the way back, and previews, through the program.

use std::time::Instant;

use serde_json::{Value, json};

use crate::{
    http::{Answer, send},
    instance::{Instance, PASSWORD, eventually},
};

/// Scripts `s0`, `s1` ... at `/0`, `/1` ..., which all answer `word`.
fn app_of(scripts: usize, word: &str) -> Value {
    let script = |number| json!({ "name": format!("s{number}"), "source": format!("// {number}\n\"{word}\"") });
    let route = |number| json!({ "script": format!("s{number}"), "path": format!("/{number}") });
    json!({
        "app": "shop",
        "scripts": (0..scripts).map(script).collect::<Vec<_>>(),
        "routes": (0..scripts).map(route).collect::<Vec<_>>(),
    })
}

fn deploy(instance: &Instance, manifest: &Value, with: &Value) -> Answer {
    let mut manifest = manifest.clone();
    manifest.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    let deployed = instance.admin("POST", "deployments", &manifest);
    assert_eq!(deployed.status, 201, "{deployed:?}");
    deployed
}

fn shop() -> Instance {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "shop" })).status, 201);
    instance.without_rates("shop");
    instance
}

#[test]
fn a_rollback_of_fifty_scripts_is_live_at_once() {
    const SCRIPTS: usize = 50;
    let instance = shop();
    for word in ["first", "second"] {
        deploy(&instance, &app_of(SCRIPTS, word), &json!({ "message": word }));
        eventually(|| (0..SCRIPTS).all(|number| instance.visit("shop.localhost", &format!("/{number}")).body == word));
    }
    let called = Instant::now();
    let back = instance.admin("POST", "apps/shop/rollback", &Value::Null);
    assert_eq!((back.status, &back.json()["number"]), (200, &json!(1)), "{back:?}");
    let answered = called.elapsed();
    eventually(|| (0..SCRIPTS).all(|number| instance.visit("shop.localhost", &format!("/{number}")).body == "first"));
    let (answered, live) = (answered.as_secs_f64() * 1e3, called.elapsed().as_secs_f64() * 1e3);
    println!("rollback of {SCRIPTS} scripts: answered after {answered:.1} ms, all of them seen live after {live:.1} ms");

    let newest = instance.admin("GET", "deployments?app=shop&limit=1", &Value::Null).json();
    let diff = instance.admin("GET", &format!("deployments/{}/diff", newest["items"][0]["id"].as_str().unwrap()), &Value::Null);
    assert_eq!((diff.status, diff.json()["scripts"].as_array().unwrap().len()), (200, SCRIPTS), "{diff:?}");
    let history = instance.admin("GET", "activations?app=shop", &Value::Null).json();
    let causes: Vec<_> = history["items"].as_array().unwrap().iter().map(|entry| entry["cause"].as_str().unwrap()).collect();
    assert_eq!(causes, ["rollback", "deploy", "deploy"]);
}

/// The link's path, and the cookie that following it leaves.
fn enter(instance: &Instance, host: &str, id: &str) -> (String, String) {
    let link = instance.admin("POST", &format!("deployments/{id}/preview"), &json!({ "expires_in_seconds": 600 }));
    assert_eq!(link.status, 200, "{link:?}");
    let url = link.json()["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&format!("http://{host}:{}", instance.port)).unwrap().to_owned();
    let entered = instance.visit(host, &path);
    assert_eq!((entered.status, entered.header("location")), (303, Some("/")), "{entered:?}");
    let set = entered.header("set-cookie").unwrap();
    assert!(set.contains("; HttpOnly; SameSite=Lax") && !set.to_lowercase().contains("domain"), "{set}");
    let cookie = set.split(';').next().unwrap().to_owned();
    (path, cookie)
}

fn look(instance: &Instance, host: &str, path: &str, cookie: &str) -> Answer {
    send(instance.port, "GET", path, &[&format!("Host: {host}"), &format!("Cookie: theirs=1; {cookie}")], "").unwrap()
}

#[test]
fn a_preview_is_for_who_has_the_link() {
    let mut instance = shop();
    deploy(&instance, &app_of(1, "live"), &json!({}));
    let source = r#"#{ cookies: ctx.request.headers.cookie, host: ctx.request.host, deployment: ctx.deployment }"#;
    let next = json!({
        "app": "shop",
        "scripts": [{ "name": "s0", "source": source }],
        "routes": [{ "script": "s0", "path": "/" }],
        "activate": false,
    });
    let waiting = deploy(&instance, &next, &json!({})).json();
    let id = waiting["id"].as_str().unwrap();
    eventually(|| instance.visit("shop.localhost", "/0").body == "live");

    let host = "2--shop.localhost";
    let private = instance.visit(host, "/");
    assert_eq!((private.status, private.header("cache-control")), (403, Some("no-store")), "{private:?}");
    assert!(private.body.contains("/problems/preview.private") && private.body.contains("deployments/{id}/preview"), "{private:?}");
    assert_eq!(instance.visit("99--shop.localhost", "/").status, 403, "whether it exists shows to nobody");
    assert_eq!(instance.visit("2--nobody.localhost", "/").status, 421);
    assert_eq!(instance.visit(host, "/.well-known/picloud/preview?token=1.2").status, 403);
    assert_eq!(instance.visit(host, "/.well-known/picloud/other").status, 404);

    let (path, cookie) = enter(&instance, host, id);
    let seen = look(&instance, host, "/", &cookie);
    assert_eq!(seen.status, 200, "{seen:?}");
    assert_eq!(seen.json(), json!({ "cookies": "theirs=1", "host": host, "deployment": 2 }));
    assert_eq!((seen.header("picloud-deployment"), seen.header("x-robots-tag")), (Some("2"), Some("noindex")));
    assert_eq!(instance.visit("shop.localhost", "/0").header("picloud-deployment"), None);
    for elsewhere in ["1--shop.localhost", "3--shop.localhost", "2--hello.localhost"] {
        assert_eq!(look(&instance, elsewhere, "/", &cookie).status, 403, "{elsewhere}");
        assert_eq!(instance.visit(elsewhere, &path).status, 403, "{elsewhere}");
    }
    let token = path.split_once("token=").unwrap().1;
    assert_eq!(look(&instance, host, "/", &format!("picloud-preview={token}")).status, 403, "a link is no cookie");

    // The key outlives the process, and rows tell what ran.
    assert!(instance.stop().success());
    instance.start_again();
    assert_eq!(look(&instance, host, "/", &cookie).status, 200);
    let row = || {
        let rows = instance.admin("GET", "executions?app=shop", &Value::Null).json();
        rows["items"].as_array().unwrap().iter().find(|row| row["host"] == host).cloned()
    };
    eventually(|| row().is_some());
    assert_eq!(row().unwrap()["deployment"], 2);

    // Of a large app, whatever was not live before is compiled when it is looked at.
    let large = deploy(&instance, &app_of(300, "large"), &json!({ "activate": false })).json();
    let (_, cookie) = enter(&instance, "3--shop.localhost", large["id"].as_str().unwrap());
    let asked = Instant::now();
    eventually(|| look(&instance, "3--shop.localhost", "/299", &cookie).body == "large");
    println!("a preview of 300 new scripts: {:.1} ms", asked.elapsed().as_secs_f64() * 1e3);
}

/// What a visitor with this number in his cookie gets.
fn visitor(instance: &Instance, number: usize) -> Answer {
    send(instance.port, "GET", "/0", &["Host: shop.localhost", &format!("Cookie: visitor={number}")], "").unwrap()
}

#[test]
fn a_split_divides_the_visitors_and_stops_by_itself() {
    const VISITORS: usize = 200;
    let instance = shop();
    deploy(&instance, &app_of(1, "old"), &json!({}));
    deploy(&instance, &app_of(1, "new"), &json!({ "activate": false }));
    let sides = || (0..VISITORS).map(|number| visitor(&instance, number).body == "new").collect::<Vec<_>>();
    let mut before = vec![false; VISITORS];
    for percent in [20, 70] {
        let terms = json!({ "deployment": 2, "percent": percent, "sticky": "cookie:visitor", "stop_above_error_rate": 50 });
        let set = instance.admin("PUT", "apps/shop/split", &terms);
        assert_eq!(set.status, 200, "{set:?}");
        let share = |sides: &[bool]| sides.iter().filter(|side| **side).count() * 100 / VISITORS;
        eventually(|| share(&sides()).abs_diff(percent) < 12);
        let now = sides();
        assert_eq!(now, sides(), "everybody stays on his side");
        assert!(before.iter().zip(&now).all(|(before, now)| !before || *now), "and moves one way");
        before = now;
    }
    let new = before.iter().position(|side| *side).unwrap();
    assert_eq!(visitor(&instance, new).header("picloud-deployment"), Some("2"));
    let old = before.iter().position(|side| !side).unwrap();
    assert_eq!(visitor(&instance, old).header("picloud-deployment"), Some("1"));

    // A third deployment fails; whoever got it gets the active one again.
    let mut failing = app_of(1, "old");
    failing["scripts"][0]["source"] = json!("throw \"broken\"");
    deploy(&instance, &failing, &json!({ "activate": false }));
    let terms = json!({ "deployment": 3, "percent": 90, "sticky": "cookie:visitor", "stop_above_error_rate": 50, "window_requests": 20 });
    assert_eq!(instance.admin("PUT", "apps/shop/split", &terms).status, 200);
    eventually(|| (0..VISITORS).any(|number| visitor(&instance, number).status == 502));
    let split = || instance.admin("GET", "apps/shop/split", &Value::Null).json();
    eventually(|| {
        visitor(&instance, new);
        (0..40).for_each(|number| drop(visitor(&instance, number)));
        split()["running"] == false
    });
    let because = split()["ended_because"].as_str().unwrap().to_owned();
    assert!(because.contains("of the last 20 executions of deployment 3 failed"), "{because}");
    assert!((0..VISITORS).all(|number| visitor(&instance, number).body == "old"));
    let audit = instance.admin("GET", "audit?app=shop&action=split.stopped", &Value::Null);
    assert_eq!(audit.json()["items"][0]["details"]["because"], because, "{audit:?}");
}
