//! Who somebody is: passwords, session tokens, API keys, and the checks that stand before them.
//!
//! Everything here is pure or talks to the processor only. Looking things up is `api::extract::principal`, deciding what
//! somebody may do is `api::authz`.

pub mod api_key;
pub mod cookie;
pub mod csrf;
pub mod password;
pub mod seal;
pub mod throttle;
pub mod token;
