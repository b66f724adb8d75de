//! Calls of other servers, as an execution makes them.

use serde::{Deserialize, Serialize};

/// Requests of one execution that are under way at once; what is sent together beyond it waits for its turn (S-5.5).
pub const AT_ONCE_MAX: usize = 6;
/// Longest body of a request.
pub const REQUEST_BODY_BYTES_MAX: usize = 8 << 20;

/// A call, as a script wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// In any case; is sent in capitals.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// In order; names may repeat.
    pub headers: Vec<(String, String)>,
    #[serde(with = "crate::bytes")]
    pub body: Vec<u8>,
    /// For all of it, redirects included. `None`: 5 s. Never more than what is left of the execution's time.
    pub timeout_ms: Option<u64>,
}

/// The answer that was not a redirect, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    pub status: u16,
    /// In order, lower-case names; names may repeat.
    pub headers: Vec<(String, String)>,
    #[serde(with = "crate::bytes")]
    pub body: Vec<u8>,
    /// Where it came from: the URL asked for, or that of the last redirect.
    pub url: String,
    /// Redirects that were followed.
    pub redirects: u32,
}

/// A call that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The word that scripts compare; the list is in `wit/http.wit`.
    pub code: String,
    /// One sentence for the script's developer.
    pub message: String,
    /// The other server may have got something all the same.
    pub was_sent: bool,
}

/// What became of one call.
pub type Result = std::result::Result<Response, Failed>;
