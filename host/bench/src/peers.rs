//! The peers that are written here, each in a process of its own: `bench serve hello|first-design <port>`.

use std::sync::Arc;

use anyhow::{Result, bail};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::IntoResponse, routing::post};
use execution::HttpRequest;
use tokio::{net::TcpListener, sync::Semaphore};

use crate::{
    cart,
    inprocess::{self, InProcess},
};

/// The body of the bare server's answer.
pub(crate) const HELLO: &str = "hello";

/// Serves until it is killed.
pub(crate) async fn serve(which: &str, port: u16) -> Result<()> {
    let router = match which {
        "hello" => Router::new().route("/", post(async || HELLO)),
        "first-design" => first_design()?,
        other => bail!("no peer is called {other}"),
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    axum::serve(listener, router).await?;
    Ok(())
}

/// The first PiCloud's way: axum, one semaphore for all apps, the interpreter in the server's process on a thread for blocking
/// work, a cached syntax tree. No limit is enforced, nothing is recorded.
fn first_design() -> Result<Router> {
    let state = Arc::new((InProcess::new(cart::SCRIPT)?, Semaphore::new(64)));
    Ok(Router::new().route("/", post(first_design_handler)).with_state(state))
}

async fn first_design_handler(State(state): State<Arc<(InProcess, Semaphore)>>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let _permit = state.1.acquire().await;
    let headers = headers.iter().map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect();
    let mut call = inprocess::invocation();
    call.request = Some(HttpRequest { headers, body: body.into(), ..call.request.unwrap_or_default() });
    let script = Arc::clone(&state);
    let ended = tokio::task::spawn_blocking(move || script.0.run(call, inprocess::whole_ctx)).await;
    let Ok(Ok((status, headers, body))) = ended else { return (axum::http::StatusCode::BAD_GATEWAY, HeaderMap::new(), Vec::new()) };
    let status = axum::http::StatusCode::from_u16(status).unwrap_or(axum::http::StatusCode::BAD_GATEWAY);
    let headers = headers.into_iter().filter_map(|(name, value)| Some((name.parse::<axum::http::HeaderName>().ok()?, value.parse().ok()?)));
    (status, headers.collect(), body)
}
