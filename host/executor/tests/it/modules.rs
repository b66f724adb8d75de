//! What scripts import.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use execution::{CompileErrorKind, Execute, Limits};

use crate::sandbox::{answer, compile_with, executor, failure, invocation, nobody, request};

/// Runs a script of an app that has these modules, and returns the body.
async fn run(text: &str, modules: &[(&str, &str)]) -> String {
    let image = compile_with(text, modules).await.unwrap();
    answer(&executor().await.execute(&image, &invocation(request("GET", "/orders")), &Limits::default(), nobody()).await).1
}

#[tokio::test]
async fn functions_and_constants_of_a_module_are_reached_by_its_alias() {
    let prices = ("prices", "export const TAX = 20; fn half(x) { x / 2 } fn with_tax(net) { net + half(net * 2) * 20 / 100 }");
    assert_eq!(run(r#"import "prices" as p; p::with_tax(50) + p::TAX"#, &[prices]).await, "80");
}

#[tokio::test]
async fn modules_import_modules_and_each_is_evaluated_once() {
    let modules = [
        ("a", r#"import "log/c" as c; fn name() { "a" + c::name() }"#),
        ("b", r#"import "log/c" as c; fn name() { "b" + c::name() }"#),
        ("log/c", r#"print("once"); fn name() { "c" }"#),
        ("unused", "this does not even parse"),
    ];
    let image = compile_with(r#"import "a" as a; import "b" as b; a::name() + b::name()"#, &modules).await.unwrap();
    let outcome = executor().await.execute(&image, &invocation(request("GET", "/")), &Limits::default(), nobody()).await;
    assert_eq!((answer(&outcome).1.as_str(), outcome.logs.lines.len()), ("acbc", 1));
}

#[tokio::test]
async fn the_top_level_of_a_module_runs_in_each_execution() {
    let image = compile_with(r#"import "m" as m; m::AT"#, &[("m", "export const AT = ctx.request.path;")]).await.unwrap();
    for path in ["/one", "/two"] {
        let outcome = executor().await.execute(&image, &invocation(request("GET", path)), &Limits::default(), nobody()).await;
        assert_eq!(answer(&outcome).1, path);
    }
}

#[tokio::test]
async fn ctx_is_there_for_the_functions_of_a_module() {
    assert_eq!(run(r#"import "m" as m; m::path()"#, &[("m", "fn path() { ctx.request.path }")]).await, "/orders");
}

#[tokio::test]
async fn an_import_inside_a_function_is_found_too() {
    assert_eq!(run(r#"fn f() { import "m" as m; m::one() } f()"#, &[("m", "fn one() { 1 }")]).await, "1");
}

#[tokio::test]
async fn what_does_not_resolve_is_refused_with_its_place() {
    let circle = [("a", r#"import "b" as b;"#), ("b", r#"import "a" as a;"#)];
    let inner = [("a", "\n import \"gone\" as g;")];
    let wrong = [("a", "let x = ;")];
    let own = [("main", "1")];
    for (text, modules, kind, script, line, column, word) in [
        (r#"import "gone" as g;"#, &[][..], CompileErrorKind::Import, "main", 1, 8, "`gone`"),
        (r#"import "a" as a;"#, &inner, CompileErrorKind::Import, "a", 2, 9, "`gone`"),
        (r#"import "a" as a;"#, &circle, CompileErrorKind::Import, "b", 1, 8, "`a` imports `b` imports `a`"),
        (r#"import "main" as m;"#, &own, CompileErrorKind::Import, "main", 1, 8, "circle"),
        (r#"let name = "a"; import name as a;"#, &wrong, CompileErrorKind::Import, "main", 1, 17, "quotes"),
        (r#"import "a" as a;"#, &wrong, CompileErrorKind::Syntax, "a", 1, 9, ""),
    ] {
        let error = compile_with(text, modules).await.unwrap_err();
        assert_eq!((error.kind, error.script.as_str(), error.line, error.column), (kind, script, line, column), "{text}: {error:?}");
        assert!(error.message.contains(word), "{text}: {error:?}");
    }
}

#[tokio::test]
async fn modules_are_bounded_in_number_and_depth() {
    let chain: Vec<(String, String)> =
        (0..20).map(|n| (format!("m{n}"), if n < 19 { format!("import \"m{}\" as m;", n + 1) } else { String::new() })).collect();
    let chain: Vec<(&str, &str)> = chain.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let error = compile_with(r#"import "m0" as m;"#, &chain).await.unwrap_err();
    assert!(error.kind == CompileErrorKind::Import && error.message.contains("deeper than 16"), "{error:?}");
    assert_eq!(run(r#"import "m4" as m; "deep""#, &chain).await, "deep");

    let many: Vec<String> = (0..65).map(|n| format!("m{n}")).collect();
    let text: String = many.iter().map(|name| format!("import \"{name}\" as {name};\n")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "")).collect();
    let error = compile_with(&text, &many).await.unwrap_err();
    assert!(error.kind == CompileErrorKind::Import && error.message.contains("at most 64"), "{error:?}");
}

#[tokio::test]
async fn an_error_in_a_module_tells_the_way_there() {
    let modules = [("m", "fn fail() {\n  throw \"no\" }")];
    let image = compile_with("import \"m\" as m;\nm::fail()", &modules).await.unwrap();
    let failed = failure(executor().await.execute(&image, &invocation(request("GET", "/")), &Limits::default(), nobody()).await);
    let trace: Vec<_> = failed.trace.iter().map(|frame| (frame.script.as_str(), frame.function.as_str(), frame.line)).collect();
    assert_eq!(trace, [("m", "fail", 2), ("main", "", 2)]);

    let image = compile_with("import \"m\" as m;", &[("m", "\nthrow \"at once\"")]).await.unwrap();
    let failed = failure(executor().await.execute(&image, &invocation(request("GET", "/")), &Limits::default(), nobody()).await);
    let trace: Vec<_> = failed.trace.iter().map(|frame| (frame.script.as_str(), frame.line)).collect();
    assert_eq!((trace, failed.message.as_str()), (vec![("m", 2), ("main", 1)], "at once"));
}
