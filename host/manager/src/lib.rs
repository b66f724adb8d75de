//! The control plane: the admin API under `/api/v1/admin`, who may use it, and its description (`/openapi.json`).
//!
//! The binary fills a [`State`], asks [`router`] for the router and serves it on the instance's host, on a runtime of its own
//! (S-3.3). From the data plane the manager takes what the trait [`DataPlane`] names and nothing else.
//!
//! Reading order: `api/mod.rs` (every route in one list), `api/extract` (what a handler is given), `api/authz/decide.rs` (who may
//! do what), then one file per resource. `auth/` has passwords, tokens, keys and the checks that stand before them.
//!
//! Deliberately absent: SQL, Wasmtime, sockets (but for the one question of `dns.rs`), environment variables, clocks: each comes in through [`State`].

#![forbid(unsafe_code)]

pub mod api;
pub mod auth;
mod dashboard;
mod data_plane;
pub mod dns;
mod domain_proof;
mod state;

pub use api::{BODY_BYTES_MAX, MANIFEST_BYTES_MAX, extract::Client, openapi, router};
pub use dashboard::PageFile;
pub use data_plane::{
    AssetMatch, BoxFuture, DataPlane, InvokeError, Invoked, REFRESH_MAX, ReplayError, RouteField, RouteMatch, RouteRefusal, RouteSpec,
};
pub use domain_proof::{keep_proving_domains, prove_next};
pub use state::{Clock, DomainProof, Readiness, State, Streams, UsageTurns, Versions};
