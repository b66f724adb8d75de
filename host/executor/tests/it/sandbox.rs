//! What the tests run scripts with.

use std::sync::Arc;

use execution::{CompileError, Execute, HttpRequest, Image, Invocation, InvocationType, Limits, Nobody, Outcome, Services, Source};
use executor::{Executor, Settings};
use tokio::sync::OnceCell;

/// One executor for all tests of this process: there is one per process in production too.
pub(crate) async fn executor() -> Arc<Executor> {
    static EXECUTOR: OnceCell<Arc<Executor>> = OnceCell::const_new();
    let start = || async {
        let cache_dir = concat!(env!("CARGO_TARGET_TMPDIR"), "/guest-image").into();
        Executor::start(&Settings { cache_dir, concurrency: 32, compilations: 4 }).await.expect("the executor starts")
    };
    Arc::clone(EXECUTOR.get_or_init(start).await)
}

pub(crate) async fn compile(text: &str) -> Result<Image, CompileError> {
    compile_with(text, &[]).await
}

/// Compiles a script of an app that has these modules.
pub(crate) async fn compile_with(text: &str, modules: &[(&str, &str)]) -> Result<Image, CompileError> {
    let modules = modules.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned())).collect();
    let source = Source { name: "main".into(), text: text.into() };
    Ok(executor().await.compile(&source, &modules).await?.image)
}

/// Runs a script with the default limits and an empty GET request.
pub(crate) async fn run(text: &str) -> Outcome {
    run_with(text, request("GET", "/"), &Limits::default()).await
}

pub(crate) async fn run_with(text: &str, request: HttpRequest, limits: &Limits) -> Outcome {
    let image = compile(text).await.expect("the script compiles");
    executor().await.execute(&image, &invocation(request), limits, nobody()).await
}

/// Runs a script against this state.
pub(crate) async fn run_on(text: &str, services: impl Services + 'static) -> Outcome {
    let image = compile(text).await.expect("the script compiles");
    executor().await.execute(&image, &invocation(request("GET", "/")), &Limits::default(), Box::new(services)).await
}

pub(crate) fn nobody() -> Box<dyn Services> {
    Box::new(Nobody { now_ms: 0 })
}

pub(crate) fn request(method: &str, path: &str) -> HttpRequest {
    HttpRequest {
        method: method.into(),
        path: path.into(),
        host: "shop.localhost".into(),
        scheme: "http".into(),
        client_ip: "192.0.2.7".into(),
        ..HttpRequest::default()
    }
}

pub(crate) fn invocation(request: HttpRequest) -> Invocation {
    Invocation {
        execution_id: uuid::Uuid::from_u128(7),
        request_id: "request-1".into(),
        script_id: uuid::Uuid::from_u128(8),
        script_name: "main".into(),
        app: "shop".into(),
        deployment: 3,
        invocation_type: InvocationType::Http,
        request: Some(request),
        event: None,
        depth: 0,
        now_ms: 1_790_000_000_123,
        seed: [7; 32],
    }
}

/// Status and body as text of an answer.
pub(crate) fn answer(outcome: &Outcome) -> (u16, String) {
    let response = outcome.result.as_ref().expect("an answer");
    (response.status, String::from_utf8_lossy(&response.body).into_owned())
}

/// The JSON that a script answers, or its text.
pub(crate) async fn value(text: &str) -> serde_json::Value {
    let body = answer(&run(text).await).1;
    serde_json::from_str(&body).unwrap_or(serde_json::Value::String(body))
}

/// The failure of an execution that has one.
pub(crate) fn failure(outcome: Outcome) -> execution::Failure {
    outcome.result.expect_err("a failure")
}
