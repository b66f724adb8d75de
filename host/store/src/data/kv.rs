//! Reading keys. Each question is one statement, so that it sees one moment.

use std::collections::HashMap;

use execution::kv::{PAGE_BYTES_MAX, Page, Range, Read, Stored, Version};
use sqlx::PgConnection;

use super::AppData;
use crate::{AppId, Error, Result, time::Time};

impl AppData {
    /// What is stored under a key, at a moment of the execution that asks: what has expired by then is not there.
    ///
    /// # Errors
    /// The database failed.
    pub async fn kv_get(&self, key: &str, now: jiff::Timestamp) -> Result<Option<Stored>> {
        sqlx::query_as!(
            Stored,
            "select value, version from kv where app_id = $1 and key = $2 and (expires_at is null or expires_at > $3)",
            self.app as _,
            key,
            Time(now) as _
        )
        .fetch_optional(self.pool())
        .await
        .map_err(Error::sql("read a key"))
    }

    /// A page of keys with their values, as of one moment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn kv_list(&self, range: &Range, now: jiff::Timestamp) -> Result<Page> {
        let mut connection = self.pool().acquire().await.map_err(Error::sql("list keys"))?;
        page(&mut connection, self.app, range, now, Values::With).await.map_err(Error::sql("list keys"))
    }
}

/// Whether a page is read with its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Values {
    With,
    Without,
}

async fn page(connection: &mut PgConnection, app: AppId, range: &Range, now: jiff::Timestamp, values: Values) -> sqlx::Result<Page> {
    let limit = i64::from(range.limit);
    // One row more than the page has tells whether the range goes on; the size of a value is known without reading it.
    let rows = sqlx::query!(
        r#"
        select key, version as "version!", fits as "fits!", case when fits and $8 then value end as value from (
            select key, value, version, row_number() over (order by key) <= $6
                and sum(octet_length(key) + octet_length(value)) over (order by key) - octet_length(key) - octet_length(value) < $7 as fits
            from (
                select key, value, version from kv
                where app_id = $1 and key >= $2 and ($3::text is null or key > $3) and ($4::text is null or key < $4)
                    and (expires_at is null or expires_at > $5)
                order by key limit $6::bigint + 1
            ) as found
        ) as measured order by key
        "#,
        app as _,
        range.prefix,
        range.after,
        end_of(&range.prefix),
        Time(now) as _,
        limit,
        i64::try_from(PAGE_BYTES_MAX).unwrap_or(i64::MAX),
        values == Values::With
    )
    .fetch_all(connection)
    .await?;
    let more = rows.iter().any(|row| !row.fits);
    let entries = rows.into_iter().filter(|row| row.fits);
    let entries = entries.map(|row| (row.key, Stored { value: row.value.unwrap_or_default(), version: row.version })).collect();
    Ok(Page { entries, more })
}

/// The first text behind all that begin with `prefix`; `None`: there is none. Bytes of UTF-8 are in the order of the characters.
pub(crate) fn end_of(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // The surrogates are no characters.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            end.push(next);
            return Some(end);
        }
    }
    None
}

/// Whether everything is still as it was read.
pub(super) async fn are_still_so(connection: &mut PgConnection, app: AppId, reads: &[Read], now: jiff::Timestamp) -> sqlx::Result<bool> {
    let keys: HashMap<&str, Option<Version>> = reads
        .iter()
        .filter_map(|read| match read {
            Read::Key { key, version } => Some((key.as_str(), *version)),
            Read::Page { .. } => None,
        })
        .collect();
    if !keys.is_empty() && !keys_are(connection, app, &keys, now).await? {
        return Ok(false);
    }
    for read in reads {
        if let Read::Page { range, entries, more } = read {
            let page = page(connection, app, range, now, Values::Without).await?;
            let same = page.entries.len() == entries.len()
                && page.entries.iter().zip(entries).all(|((key, stored), (seen, version))| key == seen && stored.version == *version);
            if !same || page.more != *more {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

async fn keys_are(
    connection: &mut PgConnection,
    app: AppId,
    seen: &HashMap<&str, Option<Version>>,
    now: jiff::Timestamp,
) -> sqlx::Result<bool> {
    let keys: Vec<&str> = seen.keys().copied().collect();
    let rows = sqlx::query!(
        "select key, version from kv where app_id = $1 and key = any($2) and (expires_at is null or expires_at > $3)",
        app as _,
        &keys as &[&str],
        Time(now) as _
    )
    .fetch_all(connection)
    .await?;
    let there = seen.values().flatten().count();
    Ok(rows.len() == there && rows.iter().all(|row| seen.get(row.key.as_str()) == Some(&Some(row.version))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_behind_its_prefix() {
        for (prefix, end) in [
            ("", None),
            ("a", Some("b")),
            ("a/", Some("a0")),
            ("\u{10ffff}", None),
            ("a\u{10ffff}", Some("b")),
            ("\u{d7ff}", Some("\u{e000}")),
        ] {
            assert_eq!(end_of(prefix).as_deref(), end, "{prefix:?}");
        }
    }
}
