//! What handlers take as arguments. Each refuses with a problem, so that no handler starts with a half-valid request.

mod authorized;
mod caller;
mod client;
mod if_match;
mod json;
mod path;
mod query;

pub use authorized::{
    Authorized, InQuery, OfApp, OfDeadLetter, OfDeployment, OfDomain, OfEgressRule, OfExecution, OfJob, OfRoute, OfScript, OfTrigger,
    Opened, Permission, Place, action,
};
pub use caller::{Caller, SESSION_IDLE};
pub use client::Client;
pub use if_match::{IfMatch, etag};
pub use json::{Json, at_most, object, object_or_null, present};
pub use path::Path;
pub use query::Query;

pub(super) use authorized::{app_ref, may, missing, session_only};
pub(super) use caller::{credential, refuse_cross_site};
pub(super) use client::user_agent;
pub(super) use json::{fits, too_large};
