//! The listener for this machine: health and figures for whoever watches the process. Nothing of it is on the public one (S-9.9).

use std::sync::Arc;

use anyhow::Context as _;
use axum::{
    Router,
    extract::{Query, State},
    http::{HeaderName, StatusCode, header::CONTENT_TYPE},
    routing::get,
};
use manager::Readiness;
use tokio::{net::TcpListener, sync::watch};

use crate::{certificates::Certificates, exposition, metrics, readiness::Ready, shutdown};

/// Binds the address.
pub(crate) async fn bind(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("could not listen on {address} (internal_bind); is it in use?"))
}

/// Answers until the process stops.
pub(crate) async fn serve(listener: TcpListener, ready: Arc<Ready>, certificates: Certificates, stopping: watch::Receiver<bool>) {
    let asked = Router::new().route("/internal/tls-allowed", get(tls_allowed)).with_state(Arc::new(certificates));
    let router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(ready)
        .merge(asked);
    let served = axum::serve(listener, router).with_graceful_shutdown(shutdown::begun(stopping)).await;
    if let Err(error) = served {
        tracing::error!(error = &error as &dyn std::error::Error, "the internal listener ended");
    }
}

async fn readyz(State(ready): State<Arc<Ready>>) -> (StatusCode, String) {
    match ready.check().await {
        Readiness::Ready => (StatusCode::OK, "ready\n".into()),
        // Still to be sent requests: what is in memory is served (S-9.3).
        Readiness::Degraded(why) => (StatusCode::OK, format!("degraded: {why}\n")),
        Readiness::NotReady(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}\n")),
    }
}

/// The only parameter. What Caddy sends as `ask`.
#[derive(serde::Deserialize)]
struct Asked {
    domain: String,
}

async fn tls_allowed(State(certificates): State<Arc<Certificates>>, Query(asked): Query<Asked>) -> (StatusCode, &'static str) {
    certificates.allowed(&asked.domain)
}

async fn metrics(State(ready): State<Arc<Ready>>) -> ([(HeaderName, &'static str); 1], String) {
    ([(CONTENT_TYPE, exposition::CONTENT_TYPE)], metrics::text(&ready).await)
}
