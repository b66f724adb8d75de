//! The control plane: the manager's router, served on the instance's host by the data plane's listener, on threads of its own.

use std::{net::SocketAddr, pin::Pin, sync::Arc};

use axum::Router;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use manager::{
    Client, DataPlane, DomainProof, State, Streams, UsageTurns, Versions,
    auth::{password::Passwords, throttle::Throttle},
    dns::Resolvers,
};
use orchestrator::{Control, ControlBody, Timed, TrustedProxies};
use store::Store;
use tokio::{runtime::Handle, sync::watch};
use tower::ServiceExt as _;

use crate::{clock, config::Config, readiness::Ready};

/// Of the admin API.
pub(crate) const API_VERSION: &str = "1.0.0";
/// Of what a script sees.
pub(crate) const SCRIPT_SDK_VERSION: &str = "0.5.0";

/// What the router is made of, beside the configuration.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) executor: Arc<dyn execution::Execute>,
    /// SHA-256 of the guest.
    pub(crate) guest: String,
    pub(crate) data_plane: Arc<dyn DataPlane>,
    pub(crate) passwords: Passwords,
    pub(crate) ready: Arc<Ready>,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// What the admin API and the control plane's jobs reach.
pub(crate) fn state(config: &Config, parts: Parts) -> Arc<State> {
    let ready = parts.ready;
    Arc::new(State {
        control: parts.store.control(),
        executor: parts.executor,
        data_plane: parts.data_plane,
        origins: config.origins(),
        instance_hosts: config.instance_hosts(),
        base_domain: config.base_domain.clone(),
        domain_proof: if config.is_loopback_only() { DomainProof::NotOnLoopback } else { DomainProof::DnsTxt },
        resolvers: Resolvers::new(config.resolvers()),
        clock: Arc::new(clock::now),
        readiness: Arc::new(move || {
            let ready = Arc::clone(&ready);
            Box::pin(async move { ready.check().await })
        }),
        versions: Versions {
            product: env!("CARGO_PKG_VERSION").to_owned(),
            api: API_VERSION.to_owned(),
            schema: Store::schema_version(),
            script_sdk: SCRIPT_SDK_VERSION.to_owned(),
            guest: parts.guest,
        },
        passwords: parts.passwords,
        dashboard: dashboard::FILES,
        throttle: Throttle::default(),
        usage_turns: UsageTurns::default(),
        streams: Streams::default(),
        stopping: parts.stopping,
    })
}

/// Hands requests from the data plane's threads to the control plane's.
pub(crate) struct ControlPlane {
    pub(crate) router: Router,
    pub(crate) runtime: Handle,
    pub(crate) trusted_proxies: TrustedProxies,
}

impl Control for ControlPlane {
    fn call(&self, request: Request<Timed>, peer: SocketAddr) -> Pin<Box<dyn Future<Output = Response<ControlBody>> + Send>> {
        let mut request = request.map(axum::body::Body::new);
        let address = self.trusted_proxies.client_address(peer.ip(), request.headers());
        request.extensions_mut().insert(Client { address });
        let answer = self.runtime.spawn(self.router.clone().oneshot(request));
        Box::pin(async move {
            match answer.await {
                Ok(Ok(response)) => response.map(|body| body.map_err(Into::into).boxed_unsync()),
                // A handler panicked: this request fails and no other (S-2.16).
                Err(_) => failed(),
            }
        })
    }
}

fn failed() -> Response<ControlBody> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
