//! Identifiers: one type each, so that a script's id can't be passed where an app's is meant.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($( $(#[$doc:meta])* $name:ident; )*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id of version 7, stamped with `now`.
            #[must_use]
            pub fn new(now: Timestamp) -> Self {
                Self(v7(now))
            }

            /// The bare UUID, for the wire.
            #[must_use]
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )* };
}

ids! {
    /// An app.
    AppId;
    /// A script, the same over its versions and names.
    ScriptId;
    /// A route, the same over deployments.
    RouteId;
    /// A deployment.
    DeploymentId;
    /// A claim of a host name.
    DomainId;
    /// A person who logs in.
    AdminId;
    /// A logged-in browser; not a credential.
    SessionId;
    /// An API key; not a credential.
    ApiKeyId;
    /// One run of a script. The time inside it is the `created_at` of its row and names its partition.
    ExecutionId;
}

impl ExecutionId {
    /// The moment at which the execution was accepted, in whole milliseconds, read from the id. The epoch for an id that is not of version 7
    /// or whose time no calendar holds.
    #[must_use]
    pub fn created_at(self) -> Timestamp {
        let millis = self.0.get_timestamp().map_or(0, |stamp| {
            let (seconds, nanos) = stamp.to_unix();
            i64::try_from(seconds).unwrap_or(0).saturating_mul(1_000).saturating_add(i64::from(nanos / 1_000_000))
        });
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// A bare UUID of version 7, stamped with `now`.
pub(crate) fn v7(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::ContextV7::new(), seconds, nanos))
}
