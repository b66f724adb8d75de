//! The script's contract (DESIGN section 4).

use execution::{FailureKind, HttpRequest, Level, Limits};

use crate::sandbox::{answer, failure, request, run, run_with};

#[tokio::test]
async fn values_become_answers() {
    for (script, status, body) in [
        (r#""hello""#, 200, "hello"),
        ("#{ a: 1 }", 200, r#"{"a":1}"#),
        ("[1, 2.5, true, ()]", 200, "[1,2.5,true,null]"),
        ("()", 204, ""),
        ("let x = 1;", 204, ""),
        ("42", 200, "42"),
        (r#"#{ statusCode: 201, body: "made" }"#, 201, "made"),
        (r#"#{ statusCode: 404 }"#, 404, ""),
        (r#"#{ status: 500 }"#, 200, r#"{"status":500}"#),
    ] {
        let outcome = run(script).await;
        assert_eq!(answer(&outcome), (status, body.to_owned()), "{script}");
    }
}

#[tokio::test]
async fn bodies_say_what_they_are() {
    for (script, content_type) in [
        (r#""text""#, Some("text/plain; charset=utf-8")),
        ("#{}", Some("application/json")),
        ("[]", Some("application/json")),
        ("blob(3, 65)", Some("application/octet-stream")),
        ("()", None),
        (r#"#{ statusCode: 200, headers: #{ "Content-Type": "text/html" }, body: "<p>" }"#, Some("text/html")),
    ] {
        let outcome = run(script).await;
        let headers = &outcome.result.as_ref().expect("an answer").headers;
        let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| value.as_str());
        assert_eq!(found, content_type, "{script}");
    }
}

#[tokio::test]
async fn a_header_may_have_several_values() {
    let outcome = run(r#"#{ statusCode: 200, headers: #{ "Set-Cookie": ["a=1", "b=2"], "X-Count": 3 } }"#).await;
    let headers = &outcome.result.as_ref().expect("an answer").headers;
    let expected = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Count", "3")];
    assert_eq!(headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn what_is_no_answer_is_said_so() {
    for (script, word) in [
        (r#"#{ statusCode: 99 }"#, "statusCode"),
        (r#"#{ statusCode: "200" }"#, "statusCode"),
        (r#"#{ statusCode: 200, headers: "x" }"#, "headers"),
        (r#"#{ statusCode: 200, headers: #{ a: #{} } }"#, "`a`"),
    ] {
        let failure = failure(run(script).await);
        assert_eq!(failure.kind, FailureKind::InvalidResponse, "{script}");
        assert!(failure.message.contains(word), "{script}: {}", failure.message);
    }
}

#[tokio::test]
async fn ctx_tells_about_the_run() {
    let script = r#"[ctx.execution_id, ctx.request_id, ctx.script_id, ctx.script_name, ctx.app, ctx.deployment, ctx.invocation_type]"#;
    let expected = r#"["00000000-0000-0000-0000-000000000007","request-1","00000000-0000-0000-0000-000000000008","main","shop",3,"http"]"#;
    assert_eq!(answer(&run(script).await).1, expected);
}

fn full_request() -> HttpRequest {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    HttpRequest {
        params: vec![pair("id", "7")],
        query: vec![pair("tag", "a"), pair("tag", "b")],
        headers: vec![pair("accept", "x"), pair("accept", "y"), pair("content-type", "application/json; charset=utf-8")],
        body: br#"{"n": 5, "list": [1, null]}"#.to_vec(),
        ..request("POST", "/orders/7%20a")
    }
}

#[tokio::test]
async fn the_request_is_all_there() {
    for (script, expected) in [
        ("ctx.request.method", "POST"),
        ("ctx.request.path", "/orders/7%20a"),
        ("ctx.request.params.id", "7"),
        ("ctx.request.query.tag", "a"),
        (r#"ctx.request.query_all("tag")"#, r#"["a","b"]"#),
        ("ctx.request.headers.accept", "x"),
        (r#"ctx.request.headers_all("Accept")"#, r#"["x","y"]"#),
        ("ctx.request.host", "shop.localhost"),
        ("ctx.request.scheme", "http"),
        ("ctx.request.client_ip", "192.0.2.7"),
        ("ctx.request.body.n + 1", "6"),
        ("ctx.request.body.list", "[1,null]"),
        ("ctx.request.raw().len()", "27"),
        ("fn path() { ctx.request.path } path()", "/orders/7%20a"),
    ] {
        let outcome = run_with(script, full_request(), &Limits::default()).await;
        assert_eq!(answer(&outcome).1, expected, "{script}");
    }
}

/// A run builds only the fields that a script names; a script must not be able to tell.
#[tokio::test]
async fn however_ctx_is_named_its_fields_are_there() {
    const FIELDS: &str = "app,deployment,execution_id,invocation_type,request,request_id,script_id,script_name";
    const REQUEST_FIELDS: &str = "body,client_ip,headers,host,method,params,path,query,scheme";
    let names = |of: &str| {
        format!(r#"let names = ""; for name in {of}.keys() {{ names += if names == "" {{ name }} else {{ "," + name }}; }} names"#)
    };
    for (script, expected) in [
        (names("ctx"), FIELDS),
        (names("ctx.request"), REQUEST_FIELDS),
        (format!("let all = ctx; {}", names("all")), FIELDS),
        (format!("let all = ctx.request; {}", names("all")), REQUEST_FIELDS),
        ("ctx . request\n  . path".to_owned(), "/orders/7%20a"),
        ("ctx /* . */ .request.path".to_owned(), "/orders/7%20a"),
        ("ctx.request // .body\n .path".to_owned(), "/orders/7%20a"),
        ("ctx?.request?.path".to_owned(), "/orders/7%20a"),
        (r#"ctx["request"]["path"]"#.to_owned(), "/orders/7%20a"),
        (r#"let name = "path"; ctx.request[name]"#.to_owned(), "/orders/7%20a"),
        ("`${ctx.app} ${ctx.request.method}`".to_owned(), "shop POST"),
        ("fn app(c) { c.app } app(ctx)".to_owned(), "shop"),
        ("fn app() { ctx.app } [1].map(|x| app() + ctx.request.path)[0]".to_owned(), "shop/orders/7%20a"),
        (r#""path" in ctx.request && "app" in ctx"#.to_owned(), "true"),
        ("ctx.request.get(\"path\")".to_owned(), "/orders/7%20a"),
        ("ctx.request.raw(); ctx.request.path == () || ctx.request.body.n == 5".to_owned(), "true"),
        ("if ctx.request.json_error == () { ctx.request.body.n } else { 0 }".to_owned(), "5"),
        ("let ctx = #{ app: 1, x: 2 }; ctx.x + ctx.app".to_owned(), "3"),
        ("switch ctx { _ => ctx.app }".to_owned(), "shop"),
    ] {
        let outcome = run_with(&script, full_request(), &Limits::default()).await;
        assert_eq!(answer(&outcome).1, expected, "{script}");
    }
}

#[tokio::test]
async fn malformed_json_is_text_and_says_where() {
    let broken = HttpRequest { body: b"{\"a\": }".to_vec(), ..full_request() };
    let outcome = run_with("[type_of(ctx.request.body), ctx.request.json_error]", broken, &Limits::default()).await;
    let body = answer(&outcome).1;
    assert!(body.contains("string") && body.contains("line 1 column 7"), "{body}");
    let broken = HttpRequest { body: b"{\"a\": }".to_vec(), ..full_request() };
    let alone = run_with("ctx.request.json_error", broken, &Limits::default()).await;
    assert!(answer(&alone).1.contains("line 1 column 7"));
}

#[tokio::test]
async fn a_body_that_is_not_text_is_a_blob() {
    let bytes = HttpRequest { headers: Vec::new(), body: vec![0xff, 0x00], ..full_request() };
    assert_eq!(answer(&run_with("type_of(ctx.request.body)", bytes, &Limits::default()).await).1, "blob");
}

#[tokio::test]
async fn ctx_is_constant() {
    let failure = failure(run("ctx.app = 1").await);
    assert!(failure.message.to_lowercase().contains("constant"), "{}", failure.message);
    assert!(
        run("fn f() { ctx.app = 1 } f()").await.result.is_err() || answer(&run("fn f() { ctx.app = 1 } f(); ctx.app").await).1 == "shop"
    );
    assert_eq!(answer(&run("let r = ctx.request; r.path = 1; ctx.request.path").await).1, "/");
}

#[tokio::test]
async fn log_lines_are_kept_in_order() {
    let outcome = run(r#"log::trace("t"); log::info("i", #{ a: 1 }); log::warn(2); log::error([1]); print("p"); debug("d")"#).await;
    let lines: Vec<_> = outcome.logs.lines.iter().map(|line| (line.level, line.message.as_str(), line.fields.as_deref())).collect();
    let expected = [
        (Level::Trace, "t", None),
        (Level::Info, "i", Some(r#"{"a":1}"#)),
        (Level::Warn, "2", None),
        (Level::Error, "[1]", None),
        (Level::Info, "p", None),
    ];
    assert_eq!(lines[..5], expected);
    assert!(lines[5].0 == Level::Trace && lines[5].1.starts_with("\"d\""), "{:?}", lines[5]);
}

#[tokio::test]
async fn eval_sleep_and_timestamp_are_not_there() {
    for script in [r#"eval("1")"#, "sleep(1)", "timestamp()"] {
        let compiled = crate::sandbox::compile(script).await;
        let refused = match compiled {
            Err(_) => true,
            Ok(_) => run(script).await.result.is_err(),
        };
        assert!(refused, "{script}");
    }
}

#[tokio::test]
async fn an_error_names_its_place_and_the_calls_that_led_there() {
    let failure = failure(run("fn inner(x) {\n  throw \"no \" + x\n}\nfn outer(x) { inner(x) }\n\nouter(1)").await);
    assert_eq!(failure.message, "no 1");
    let places: Vec<_> = failure.trace.iter().map(|frame| (frame.function.as_str(), frame.line, frame.column)).collect();
    assert_eq!(places, [("inner", 2, 3), ("outer", 4, 15), ("", 6, 1)]);
    assert!(failure.trace.iter().all(|frame| frame.script == "main"));
}

#[tokio::test]
async fn errors_are_sentences() {
    for (script, message) in [
        ("let a = 1; a.b()", "Function not found: b (i64)"),
        ("nothing", "Variable not found: nothing"),
        ("1 / 0", "Division by zero: 1 / 0"),
        ("throw #{ code: 7 }", r#"{"code":7}"#),
        ("throw", "the script threw an error without a message"),
        (r#"throw """#, "the script threw an error without a message"),
    ] {
        let failure = failure(run(script).await);
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Error, message), "{script}");
    }
}

#[tokio::test]
async fn time_and_chance_come_from_the_invocation() {
    assert_eq!(answer(&run("time::now()").await).1, "1790000000123");
    let script = "[rand::int(1, 6), rand::float() < 1.0, rand::bytes(4).len()]";
    let (first, second) = (answer(&run(script).await), answer(&run(script).await));
    assert_eq!(first, second);
    assert!(run("rand::int(2, 1)").await.result.is_err() && run("rand::bytes(65537)").await.result.is_err());
}
