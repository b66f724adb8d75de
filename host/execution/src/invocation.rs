//! One run of a script, as it is asked for.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Everything a script is told about its run: it becomes the constant `ctx`. Together with the image, the limits and the
/// answers of the host it determines the outcome and the fuel to the unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    /// UUIDv7, minted when the request was accepted; names the execution row.
    pub execution_id: Uuid,
    /// The caller's `X-Request-Id` if it is well formed, else the execution id.
    pub request_id: String,
    pub script_id: Uuid,
    pub script_name: String,
    /// Slug of the app: text for the script to read, not a handle to anything.
    pub app: String,
    /// Number of the deployment that runs.
    pub deployment: u32,
    pub invocation_type: InvocationType,
    /// Present when the invocation came by HTTP (`http` and `test`).
    pub request: Option<HttpRequest>,
    /// What caused it, if no request did: JSON, as the script finds it in `ctx.event`.
    #[serde(default)]
    pub event: Option<String>,
    /// Jobs that led to it.
    #[serde(default)]
    pub depth: u32,
    /// What the script's clock shows: milliseconds since 1970-01-01T00:00:00Z, the moment of arrival (S-2.20).
    pub now_ms: u64,
    /// Seeds `wasi:random/random` and nothing else (hashes have a fixed seed). Fresh from the operating system for each execution.
    pub seed: [u8; 32],
}

/// What caused the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvocationType {
    /// A request to an app's host.
    Http,
    /// A job of the app's queue that a script or a person enqueued.
    Queue,
    /// A moment of a schedule.
    Schedule,
    /// A call by `POST /api/v1/execute/{script_id}` or the dashboard's test button.
    Test,
    /// Something that a trigger waits for.
    Trigger,
}

impl InvocationType {
    /// The word used in `ctx`, SQL and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Queue => "queue",
            Self::Schedule => "schedule",
            Self::Test => "test",
            Self::Trigger => "trigger",
        }
    }
}

/// An HTTP request as a script sees it: decoded, bounded, without hop-by-hop headers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// Upper case.
    pub method: String,
    /// The path as it came, still percent-encoded.
    pub path: String,
    /// Parameters of the route (`:id`, the rest of a prefix as `*`), percent-decoded.
    pub params: Vec<(String, String)>,
    /// Query pairs in order, percent-decoded; names may repeat.
    pub query: Vec<(String, String)>,
    /// Header pairs in order, lower-case names; names may repeat. Values that are not UTF-8 are replaced lossily.
    pub headers: Vec<(String, String)>,
    /// Canonical host.
    pub host: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Address of the client, without port.
    pub client_ip: String,
    #[serde(with = "crate::bytes")]
    pub body: Body,
}

/// The bytes of a body.
pub type Body = Vec<u8>;
