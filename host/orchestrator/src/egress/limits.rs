//! The numbers that an outbound call can hit and that are the same for all apps (S-5.5); the others are in `execution::limits`.

use std::time::Duration;

/// Redirects of one call.
pub(crate) const REDIRECTS_MAX: usize = 5;
/// What a call may take in all, redirects included, if the script does not say.
pub(crate) const TOTAL_DEFAULT: Duration = Duration::from_secs(5);
/// What is kept of the execution's time, so that a script can catch the error and answer.
pub(crate) const RESERVE: Duration = Duration::from_millis(200);
/// To find the addresses of a name.
pub(crate) const RESOLVE: Duration = Duration::from_secs(3);
/// To connect to one of them, TLS included.
pub(crate) const CONNECT: Duration = Duration::from_secs(3);
/// Addresses of a name that are tried. All of them are checked.
pub(crate) const ADDRESSES_TRIED_MAX: u32 = 4;
/// From the sent request to the last byte of the answer's head, so that a head can't trickle either.
pub(crate) const HEAD: Duration = Duration::from_secs(10);

/// Longest URL.
pub(crate) const URL_BYTES_MAX: usize = 8 * 1024;
/// Header fields that a script sends, and their names and values together.
pub(crate) const REQUEST_HEADERS_MAX: usize = 64;
pub(crate) const REQUEST_HEADER_BYTES_MAX: usize = 32 * 1024;
/// Longest head of an answer, status line included.
pub(crate) const RESPONSE_HEAD_BYTES_MAX: usize = 64 * 1024;
/// Longest body of an answer. Counted while it comes.
pub(crate) const RESPONSE_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
