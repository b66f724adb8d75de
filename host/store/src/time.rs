//! `timestamptz` as `jiff::Timestamp`: the driver has no codec for it, and a second time library would be one too many.

use jiff::{SignedDuration, Timestamp};
use sqlx::{
    Decode, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef, types::Oid},
};

/// 2000-01-01T00:00:00Z, from which PostgreSQL counts microseconds, in seconds since 1970.
const POSTGRES_EPOCH_SECONDS: i64 = 946_684_800;

// The object ids of `timestamptz` and its array are fixed in PostgreSQL; by name, each connection would look them up first.

/// A column of type `timestamptz`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time(pub(crate) Timestamp);

/// The same where it may be null.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MaybeTime(Option<Timestamp>);

impl From<Time> for Timestamp {
    fn from(time: Time) -> Self {
        time.0
    }
}

impl From<MaybeTime> for Option<Timestamp> {
    fn from(time: MaybeTime) -> Self {
        time.0
    }
}

impl Type<Postgres> for Time {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1184))
    }
}

impl Type<Postgres> for MaybeTime {
    fn type_info() -> PgTypeInfo {
        Time::type_info()
    }
}

impl PgHasArrayType for Time {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(1185))
    }
}

impl Encode<'_, Postgres> for Time {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let micros = self.0.as_microsecond() - POSTGRES_EPOCH_SECONDS * 1_000_000;
        Encode::<Postgres>::encode(micros, buffer)
    }
}

impl Decode<'_, Postgres> for Time {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => {
                let micros: i64 = Decode::<Postgres>::decode(value)?;
                let since_epoch = SignedDuration::from_micros(micros) + SignedDuration::from_secs(POSTGRES_EPOCH_SECONDS);
                Ok(Self(Timestamp::from_duration(since_epoch)?))
            }
            PgValueFormat::Text => Ok(Self(value.as_str()?.parse()?)),
        }
    }
}

impl Decode<'_, Postgres> for MaybeTime {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        Ok(Self(Option::<Time>::decode(value)?.map(Into::into)))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use sqlx::PgPool;

    use super::*;

    #[sqlx::test(migrations = false)]
    async fn moments_go_there_and_back(pool: PgPool) {
        for text in ["2026-11-20T12:34:56.789012Z", "2000-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "9999-12-30T22:00:00Z"] {
            let moment: Timestamp = text.parse().unwrap();
            let (back, seen): (Time, String) = sqlx::query_as("select $1, to_char($1 at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS')")
                .bind(Time(moment))
                .fetch_one(&pool)
                .await
                .unwrap();
            assert_eq!(back.0, moment);
            assert!(text.starts_with(&seen), "{text} was stored as {seen}");
        }
    }
}
