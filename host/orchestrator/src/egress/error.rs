//! Why an outbound call has no answer: a closed list.

/// A call that came to nothing. The text is for the script's developer, and says no more of names and addresses than the script knew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EgressError {
    /// Not an absolute URL of http or https, or one with user information, white space, port 0 or more than 8 KiB.
    #[error("the URL {0}")]
    InvalidUrl(&'static str),
    /// Not a method, or `CONNECT` or `TRACE`.
    #[error("`{0}` is not a method that scripts can use")]
    InvalidMethod(String),
    /// Not a header field, one that PiCloud sets itself, or too many of them.
    #[error("the header field `{name}` {reason}")]
    InvalidHeader { name: String, reason: &'static str },
    /// The body is longer than 8 MiB.
    #[error("the body of the request is larger than 8 MiB")]
    RequestTooLarge,
    /// The app's list has no entry for this host, port and scheme, or the operator denies it.
    #[error("{0} is not in the list of what this app may call")]
    NotAllowed(String),
    /// At least one of the host's addresses is not on the public internet, or is this machine's.
    #[error("{0} has an address that is not public")]
    AddressNotPublic(String),
    /// The name has no address, or nobody could say.
    #[error("{0} could not be resolved")]
    ResolveFailed(String),
    /// No address of the host takes connections, within 3 s.
    #[error("{0} could not be reached")]
    ConnectFailed(String),
    /// No encryption that both sides can do, or a certificate that is not valid for this name.
    #[error("{0} has no valid certificate, or does not speak TLS")]
    TlsFailed(String),
    /// The time of the call is over: what was asked for, what the execution has left, or 10 s without an answer's head.
    #[error("{0} did not answer in time")]
    Timeout(String),
    /// The body is longer than 8 MiB or than what is left for the answers of the execution, or the head longer than 64 KiB.
    #[error("the answer is too large: {0}")]
    ResponseTooLarge(&'static str),
    /// More than 5.
    #[error("more than 5 redirects")]
    TooManyRedirects,
    /// A redirect that leads from https to http.
    #[error("{0} redirects from https to http")]
    InsecureRedirect(String),
    /// What came is not HTTP/1.1, or it ended before it was complete.
    #[error("{0} did not answer properly")]
    Protocol(String),
    /// More in a second than the app may make.
    #[error("the app calls other servers more often than it may (http_requests_per_second)")]
    TooManyRequests,
}

impl EgressError {
    /// The word that scripts compare.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidUrl(_) => "invalid_url",
            Self::InvalidMethod(_) => "invalid_method",
            Self::InvalidHeader { .. } => "invalid_header",
            Self::RequestTooLarge => "request_too_large",
            Self::NotAllowed(_) => "not_allowed",
            Self::AddressNotPublic(_) => "address_not_public",
            Self::ResolveFailed(_) => "resolve_failed",
            Self::ConnectFailed(_) => "connect_failed",
            Self::TlsFailed(_) => "tls_failed",
            Self::Timeout(_) => "timeout",
            Self::ResponseTooLarge(_) => "response_too_large",
            Self::TooManyRedirects => "too_many_redirects",
            Self::InsecureRedirect(_) => "insecure_redirect",
            Self::Protocol(_) => "protocol",
            Self::TooManyRequests => "too_many_requests",
        }
    }
}
