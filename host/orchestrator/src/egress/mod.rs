//! What scripts ask of the outside world: one HTTP request for one app (S-5: nobody reaches through a script what he could not reach himself).
//!
//! Nothing is allowed unless the app's list says so (`policy`), and whatever the list says, only addresses of the public internet are dialled
//! (`address`), or such as the operator of the instance opened in its configuration file (`operator`). The check is where the connection
//! is made: for every hop of every redirect, for names and for addresses, on the very value that is dialled. Proxies named in the environment
//! are not used.
//!
//! In order of use: `request`, `target`, `headers`, `client` (the line through all of it), `policy`, `resolve`, `address`,
//! `connect`, `exchange`, `budget`, `redirect`. Deliberately absent: a pool of connections, caches, cookies, decompression.

mod address;
mod budget;
mod client;
mod connect;
mod error;
mod exchange;
mod headers;
pub(crate) mod hops;
mod limits;
mod operator;
mod policy;
mod redirect;
mod request;
mod resolve;
mod target;

pub use address::Checked;
pub use budget::Budget;
pub use client::{AppEgress, CalledFrom, Egress, EgressSetupError, NotAnswered, Outbound};
pub use connect::{Dial, TcpDial};
pub use error::EgressError;
pub use hops::Hops;
pub use operator::{Denial, Opening, OperatorRules, RuleError};
pub use policy::{Entry, HostPattern, HostPatternError, Policy};
pub use resolve::{Resolve, Resolvers};
pub use target::Scheme;

pub(crate) use connect::tls;
