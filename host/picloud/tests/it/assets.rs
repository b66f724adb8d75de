//! A site beside an API, through the program: what browsers are told, what a new version changes, and what nobody reaches.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    time::Instant,
};

use serde_json::{Value, json};

use crate::{
    http::{Answer, send},
    instance::{Instance, PASSWORD, eventually},
};

const HOST: &str = "site.localhost";
const HTML: &str = "text/html; charset=utf-8";

fn digest(bytes: &str) -> String {
    store::Digest::of(bytes.as_bytes()).to_string()
}

fn start() -> Instance {
    let mut instance = Instance::start();
    instance.log_in(PASSWORD);
    assert_eq!(instance.admin("POST", "apps", &json!({ "slug": "site" })).status, 201);
    instance.without_rates("site");
    instance
}

fn upload(instance: &Instance, bytes: &str) -> Answer {
    let headers = ["Host: localhost", "Content-Type: application/octet-stream", &format!("Authorization: Bearer {}", instance.key())];
    send(instance.port, "PUT", &format!("/api/v1/admin/assets/{}?app=site", digest(bytes)), &headers, bytes).unwrap()
}

/// Asks what is missing, uploads that, deploys: as a program would. Returns the deployment.
fn deploy(instance: &Instance, files: &[(&str, &str)], terms: &Value, more: Value) -> Value {
    let assets: serde_json::Map<_, _> = files.iter().map(|(path, bytes)| ((*path).to_owned(), json!(digest(bytes)))).collect();
    let digests: Vec<&Value> = assets.values().collect();
    let missing = instance.admin("POST", "assets/missing", &json!({ "app": "site", "digests": digests })).json();
    for digest_missing in missing["missing"].as_array().unwrap() {
        let bytes = files.iter().find(|(_, bytes)| *digest_missing == digest(bytes)).unwrap().1;
        assert_eq!(upload(instance, bytes).status, 200);
    }
    let api = r#"#{ got: ctx.request.path, method: ctx.request.method }"#;
    let mut body = json!({
        "app": "site", "assets": assets,
        "scripts": [{ "name": "api", "source": api }],
        "routes": [{ "path": "/api/*", "script": "api" }, { "path": "/*", "static": terms }],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = instance.admin("POST", "deployments", &body);
    assert_eq!(made.status, 201, "{made:?}");
    made.json()
}

fn ask(instance: &Instance, method: &str, target: &str, headers: &[&str]) -> Answer {
    let host = format!("Host: {HOST}");
    let headers = [&[host.as_str()], headers].concat();
    send(instance.port, method, target, &headers, "").unwrap()
}

fn get(instance: &Instance, target: &str) -> Answer {
    ask(instance, "GET", target, &[])
}

const SITE: &[(&str, &str)] = &[
    ("/index.html", "<h1>home</h1>"),
    ("/docs/index.html", "<h1>docs</h1>"),
    ("/docs/a b.txt", "a b"),
    ("/app.js", "console.log(1)"),
    ("/data", "bytes"),
    ("/404.html", "<h1>not here</h1>"),
];

#[test]
fn a_site_beside_an_api() {
    let instance = start();
    deploy(&instance, SITE, &json!({ "not_found": "/404.html", "max_age": 60 }), json!({}));
    let home = get(&instance, "/");
    assert_eq!((home.status, home.body.as_str(), home.header("content-type")), (200, "<h1>home</h1>", Some(HTML)));
    let tag = format!("\"{}\"", digest("<h1>home</h1>"));
    assert_eq!((home.header("etag"), home.header("accept-ranges")), (Some(tag.as_str()), Some("bytes")));
    assert_eq!((home.header("x-content-type-options"), home.header("cache-control")), (Some("nosniff"), Some("public, max-age=60")));
    assert_eq!((home.header("content-length"), home.header("picloud-execution-id")), (Some("13"), None));
    assert_eq!(get(&instance, "/index.html?v=1").body, home.body);
    assert_eq!(get(&instance, "/docs/").body, "<h1>docs</h1>");
    assert_eq!(get(&instance, "/docs/a%20b.txt").body, "a b");
    let script = get(&instance, "/app.js");
    assert_eq!((script.body.as_str(), script.header("content-type")), ("console.log(1)", Some("text/javascript; charset=utf-8")));
    assert_eq!(get(&instance, "/data").header("content-type"), Some("application/octet-stream"));
    let redirected = get(&instance, "/docs?a=1&b=2");
    assert_eq!((redirected.status, redirected.header("location")), (308, Some("/docs/?a=1&b=2")));
    assert_eq!(redirected.header("cache-control"), Some("public, max-age=0, must-revalidate"));

    // The script's routes come first, since they are more specific; the other methods are nobody's.
    assert_eq!(get(&instance, "/api/x").json(), json!({ "got": "/api/x", "method": "GET" }));
    assert_eq!(ask(&instance, "POST", "/api/x", &[]).json()["method"], "POST");
    let posted = ask(&instance, "POST", "/index.html", &[]);
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD")));

    let gone = get(&instance, "/none");
    assert_eq!((gone.status, gone.body.as_str(), gone.header("content-type")), (404, "<h1>not here</h1>", Some(HTML)));
    assert_eq!(gone.header("cache-control"), Some("public, max-age=0, must-revalidate"));
    let conditional = ask(&instance, "GET", "/none", &["If-None-Match: *", "Range: bytes=0-1"]);
    assert_eq!((conditional.status, conditional.body.len()), (404, 17), "a page that says what is not there is no version of it");

    // No execution, no row.
    let rows = instance.admin("GET", "executions?app=site", &Value::Null).json();
    assert!(rows["items"].as_array().unwrap().len() <= 2, "{rows}");
    let hit = instance.admin("POST", "routes/match", &json!({ "app": "site", "path": "/docs" })).json();
    assert_eq!(
        (&hit["route"]["kind"], &hit["asset"]["status"], &hit["asset"]["location"]),
        (&json!("static"), &json!(308), &json!("/docs/"))
    );
    let hit = instance.admin("POST", "routes/match", &json!({ "app": "site", "path": "/x" })).json();
    assert_eq!((&hit["asset"]["status"], &hit["asset"]["path"]), (&json!(404), &json!("/404.html")));
}

#[test]
fn what_a_browser_knows_and_what_it_lacks() {
    let instance = start();
    let big: String = (0..700_000).map(|number| format!("{number:07}\n")).collect();
    let big = &big[..5 * 1024 * 1024];
    deploy(
        &instance,
        &[("/index.html", "<h1>home</h1>"), ("/big.txt", big), ("/empty.txt", "")],
        &json!({ "fallback": "/index.html" }),
        json!({}),
    );
    let tag = format!("\"{}\"", digest("<h1>home</h1>"));
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let same = ask(&instance, "GET", "/", &[&format!("If-None-Match: {known}")]);
        assert_eq!((same.status, same.body.as_str(), same.header("etag")), (304, "", Some(tag.as_str())), "{known}");
    }
    assert_eq!(ask(&instance, "GET", "/", &["If-None-Match: \"x\""]).status, 200);
    // A single-page app: any path is the page.
    let page = get(&instance, "/users/7/edit");
    assert_eq!(
        (page.status, page.body.as_str(), page.header("cache-control")),
        (200, "<h1>home</h1>", Some("public, max-age=0, must-revalidate"))
    );

    let head = ask(&instance, "HEAD", "/", &["Range: bytes=0-1"]);
    let whole = get(&instance, "/");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    for name in ["content-type", "content-length", "etag", "cache-control", "accept-ranges", "x-content-type-options"] {
        assert!(head.header(name).is_some() && head.header(name) == whole.header(name), "{name}: {head:?}");
    }
    let head = ask(&instance, "HEAD", "/big.txt", &[]);
    assert_eq!((head.status, head.header("content-length"), head.body.as_str()), (200, Some("5242880"), ""));

    let started = Instant::now();
    let answer = get(&instance, "/big.txt");
    println!("5 MiB whole: {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
    assert!(answer.status == 200 && answer.body == big, "{} bytes", answer.body.len());
    for (range, first, last) in
        [("0-0", 0, 0), ("1000000-3000000", 1_000_000, 3_000_000), ("-100000", 5_142_880, 5_242_879), ("5242879-", 5_242_879, 5_242_879)]
    {
        let part = ask(&instance, "GET", "/big.txt", &[&format!("Range: bytes={range}")]);
        assert_eq!((part.status, part.header("content-range")), (206, Some(&*format!("bytes {first}-{last}/5242880"))), "{range}");
        assert!(part.body == big[first..=last], "{range}: {} bytes", part.body.len());
        assert_eq!(part.header("content-length"), Some(&*(last + 1 - first).to_string()));
    }
    let outside = ask(&instance, "GET", "/big.txt", &["Range: bytes=5242880-"]);
    assert_eq!((outside.status, outside.header("content-range"), outside.body.as_str()), (416, Some("bytes */5242880"), ""));
    for ignored in ["bytes=0-1,5-6", "bytes=5-2", "lines=1-2", "nonsense"] {
        let answer = ask(&instance, "GET", "/", &[&format!("Range: {ignored}")]);
        assert_eq!((answer.status, answer.body.len()), (200, 13), "{ignored}");
    }
    let big_tag = format!("\"{}\"", digest(big));
    for (if_range, status) in [(big_tag.as_str(), 206), ("\"x\"", 200), ("Wed, 21 Oct 2026 07:28:00 GMT", 200)] {
        let answer = ask(&instance, "GET", "/big.txt", &["Range: bytes=0-9", &format!("If-Range: {if_range}")]);
        assert_eq!(answer.status, status, "{if_range}");
    }
    let empty = get(&instance, "/empty.txt");
    assert_eq!((empty.status, empty.body.as_str(), empty.header("content-length")), (200, "", Some("0")));
    assert_eq!(ask(&instance, "GET", "/empty.txt", &["Range: bytes=0-"]).status, 416);
    let route = instance.admin("GET", "routes?app=site", &Value::Null).json();
    let route = route["items"].as_array().unwrap().iter().find(|route| route["kind"] == "static").unwrap().clone();
    let refused =
        instance.admin("PATCH", &format!("routes/{}", route["id"].as_str().unwrap()), &json!({ "static": { "fallback": "/none" } }));
    assert_eq!(refused.status, 422, "{refused:?}");
}

#[test]
fn versions_of_a_site() {
    let mut instance = start();
    let terms = json!({ "fallback": "/index.html" });
    let first = &[("/index.html", "first"), ("/same.txt", "same")];
    deploy(&instance, first, &terms, json!({}));
    deploy(&instance, &[("/index.html", "second"), ("/same.txt", "same")], &terms, json!({}));
    assert_eq!((get(&instance, "/").body.as_str(), get(&instance, "/same.txt").body.as_str()), ("second", "same"));
    assert_eq!(instance.admin("POST", "apps/site/rollback", &Value::Null).status, 200);
    assert_eq!(get(&instance, "/").body, "first");
    // An edit of the script carries the assets on.
    let script = instance.admin("GET", "scripts?app=site", &Value::Null).json()["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(instance.admin("PATCH", &format!("scripts/{script}"), &json!({ "source": "\"edited\"" })).status, 200);
    assert_eq!((get(&instance, "/").body.as_str(), get(&instance, "/api/x").body.as_str()), ("first", "edited"));

    // Each preview shows its own, and is nobody's to keep.
    let waiting = deploy(&instance, &[("/index.html", "fourth"), ("/new.txt", "new")], &terms, json!({ "activate": false }));
    let link =
        instance.admin("POST", &format!("deployments/{}/preview", waiting["id"].as_str().unwrap()), &json!({ "expires_in_seconds": 600 }));
    let url = link.json()["url"].as_str().unwrap().to_owned();
    let host = "4--site.localhost";
    let entered = instance.visit(host, url.strip_prefix(&format!("http://{host}:{}", instance.port)).unwrap());
    let cookie = format!("Cookie: {}", entered.header("set-cookie").unwrap().split(';').next().unwrap());
    let look = |instance: &Instance, path: &str| send(instance.port, "GET", path, &[&format!("Host: {host}"), &cookie], "").unwrap();
    eventually(|| look(&instance, "/").status == 200);
    let seen = look(&instance, "/");
    assert_eq!(
        (seen.body.as_str(), seen.header("cache-control"), seen.header("picloud-deployment")),
        ("fourth", Some("private, no-store"), Some("4"))
    );
    assert_eq!((look(&instance, "/new.txt").body.as_str(), look(&instance, "/same.txt").body.as_str()), ("new", "fourth"));
    assert_eq!(instance.visit(host, "/").status, 403);
    assert_eq!((get(&instance, "/").body.as_str(), get(&instance, "/new.txt").body.as_str()), ("first", "first"));

    // While some get another version, no cache that people share keeps either.
    assert_eq!(instance.admin("PUT", "apps/site/split", &json!({ "deployment": 2, "percent": 50, "sticky": "header:x-side" })).status, 200);
    let sides: Vec<(String, String)> = (0..20)
        .map(|number| ask(&instance, "GET", "/", &[&format!("X-Side: {number}")]))
        .map(|answer| (answer.body.clone(), answer.header("cache-control").unwrap().to_owned()))
        .collect();
    assert!(sides.iter().any(|(body, _)| body == "first") && sides.iter().any(|(body, _)| body == "second"), "{sides:?}");
    assert!(sides.iter().all(|(_, cache)| cache == "private, max-age=0, must-revalidate"), "{sides:?}");
    assert_eq!(instance.admin("DELETE", "apps/site/split", &Value::Null).status, 204);

    instance.kill();
    instance.start_again();
    assert_eq!((get(&instance, "/").body.as_str(), get(&instance, "/same.txt").body.as_str()), ("first", "same"));
}

#[test]
fn s_6_1_nothing_but_a_key_is_reached() {
    let instance = start();
    deploy(&instance, SITE, &json!({ "fallback": "/index.html" }), json!({}));
    // The client's own library would tidy these up: they go as they are.
    for (target, statuses) in [
        ("/../index.html", &[400][..]),
        ("/docs/../../../../etc/passwd", &[400]),
        ("/%2e%2e/index.html", &[400]),
        ("/%2e%2e%2f%2e%2e%2fetc%2fpasswd", &[400]),
        ("/..%2findex.html", &[400]),
        ("/docs%2findex.html", &[400]),
        ("/..\\index.html", &[400]),
        ("/..%5cindex.html", &[400]),
        ("/data%00", &[400]),
        ("/data%00.html", &[400]),
        ("/%ff", &[400]),
        ("/%", &[400]),
        // A key of its own that leads nowhere: the page for what is not there.
        ("//index.html", &[200]),
        ("//etc/passwd", &[200]),
        ("/%252e%252e/index.html", &[200]),
        ("/docs//", &[200]),
    ] {
        let answer = get(&instance, target);
        assert!(statuses.contains(&answer.status), "{target}: {answer:?}");
        let is_page = answer.body == "<h1>home</h1>";
        assert!(answer.status != 200 || is_page, "{target}: {answer:?}");
        assert!(!answer.body.contains("root:"), "{target}");
    }
    let long = get(&instance, &format!("/{}", "x".repeat(15_000)));
    assert_eq!((long.status, long.body.as_str()), (200, "<h1>home</h1>"));
    assert_eq!(get(&instance, &format!("/{}", "x".repeat(20_000))).status, 414);
    assert_eq!(get(&instance, "//evil.example").header("location"), None);

    // What somebody planted in the directory is not given out, and what is gone is told.
    let directory = fs::read_dir(instance.path().join("data/assets")).unwrap().next().unwrap().unwrap().path();
    let outside = instance.path().join("outside");
    fs::write(&outside, "secret").unwrap();
    for (file, planted) in [("bytes", true), ("console.log(1)", false)] {
        let blob = directory.join(digest(file));
        fs::remove_file(&blob).unwrap();
        if planted {
            std::os::unix::fs::symlink(&outside, &blob).unwrap();
        }
    }
    for target in ["/data", "/app.js"] {
        let lost = get(&instance, target);
        assert_eq!((lost.status, lost.header("retry-after").is_some()), (503, true), "{lost:?}");
        assert!(lost.body.contains("/problems/unavailable") && !lost.body.contains(instance.path().to_str().unwrap()), "{lost:?}");
    }
    fs::write(directory.join(digest("a b")), "another size").unwrap();
    assert_eq!(get(&instance, "/docs/a%20b.txt").status, 503);
    // An upload mends it.
    assert_eq!(upload(&instance, "bytes").status, 200);
    assert_eq!(get(&instance, "/data").body, "bytes");
    assert_eq!(fs::read_to_string(&outside).unwrap(), "secret");
}

/// Who reads slowly holds a file and a piece of it, and nothing that others wait for.
#[test]
fn slow_readers_hold_no_places() {
    let instance = start();
    let big = "0123456789abcdef".repeat(5 * 65_536);
    deploy(&instance, &[("/big.txt", &big), ("/index.html", "home")], &json!({}), json!({}));
    assert_eq!(instance.admin("PATCH", "apps/site", &json!({ "limits": { "concurrency": 2 } })).status, 200);
    let mut readers: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = TcpStream::connect(("127.0.0.1", instance.port)).unwrap();
            stream.write_all(format!("GET /big.txt HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
            let mut some = [0; 1024];
            stream.read_exact(&mut some).unwrap();
            stream
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(get(&instance, "/").body, "home");
    }
    for stream in &mut readers {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(rest.len() > big.len() - 1024, "{}", rest.len());
        assert!(rest.ends_with(b"0123456789abcdef"));
    }
}
