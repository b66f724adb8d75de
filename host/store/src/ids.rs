//! Identifiers: one type each, so that a script's id can't be passed where an app's is meant.

use std::{
    fmt,
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
};

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
    /// A rule about what an app may call.
    EgressRuleId;
    /// A person who logs in.
    AdminId;
    /// A logged-in browser; not a credential.
    SessionId;
    /// An API key; not a credential.
    ApiKeyId;
    /// An invitation; not its token.
    InvitationId;
    /// One run of a script. The time inside it is the `created_at` of its row and names its partition.
    ExecutionId;
    /// A call of a script that waits in its app's queue; the same over all attempts.
    JobId;
    /// What starts a script by itself, a schedule too; the same over deployments.
    TriggerId;
}

impl ExecutionId {
    /// The moment at which the execution was accepted, in whole milliseconds, read from the id. The epoch for an id that is not
    /// of version 7 or whose time no calendar holds.
    #[must_use]
    pub fn created_at(self) -> Timestamp {
        let millis = self.0.get_timestamp().map_or(0, |stamp| {
            let (seconds, nanos) = stamp.to_unix();
            i64::try_from(seconds).unwrap_or(0).saturating_mul(1_000).saturating_add(i64::from(nanos / 1_000_000))
        });
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// A bare UUID of version 7, stamped with `now`. Those of one process and one millisecond are in the order in which they were
/// made (until the counter turns, after 262,144), so that lists by id are lists by age.
pub(crate) fn v7(now: Timestamp) -> Uuid {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let nanos = u32::try_from(millis % 1_000 * 1_000_000).unwrap_or(0);
    let mut bytes = Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, millis / 1_000, nanos)).into_bytes();

    // 18 bits behind the time, around the bits of version and variant; 56 random bits remain.
    let [_, high, middle, low] = (MADE.fetch_add(1, Ordering::Relaxed) << 2).to_be_bytes();
    bytes[6] = 0x70 | (high & 0x0f);
    bytes[7] = middle;
    bytes[8] = 0x80 | (low >> 2);
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_moment_are_in_the_order_of_their_making() {
        let now = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_millis(1_795_176_000_123);
        let ids: Vec<AppId> = (0..70_000).map(|_| AppId::new(now)).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.uuid().get_version_num() == 7 && id.uuid().get_variant() == uuid::Variant::RFC4122));
    }

    #[test]
    fn an_execution_id_tells_its_millisecond() {
        let now = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_micros(1_795_176_000_123_456);
        let told = ExecutionId::new(now).created_at();
        assert_eq!(told.as_millisecond(), 1_795_176_000_123);
        assert_eq!(told.subsec_nanosecond() % 1_000_000, 0);
        assert_eq!(ExecutionId::from(Uuid::max()).created_at(), Timestamp::UNIX_EPOCH, "not of version 7");
    }
}
