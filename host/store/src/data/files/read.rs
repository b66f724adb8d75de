//! What there is. Each question is one statement, so that it sees one moment.

use std::collections::HashMap;

use execution::files::{Info, Page, Range, Read, Version};
use jiff::Timestamp;
use sqlx::PgConnection;

use super::AppData;
use crate::{AppId, Digest, Error, Result, data::end_of, time::Time};

/// A row without its path.
pub(crate) struct FileRow {
    pub(crate) digest: Digest,
    pub(crate) size: i64,
    pub(crate) version: i64,
    pub(crate) updated_at: Timestamp,
}

impl From<FileRow> for Info {
    fn from(row: FileRow) -> Self {
        Self {
            digest: row.digest.to_string(),
            size: u64::try_from(row.size).unwrap_or(0),
            version: row.version,
            updated_at_ms: u64::try_from(row.updated_at.as_millisecond()).unwrap_or(0),
        }
    }
}

impl AppData {
    /// What is at a path.
    ///
    /// # Errors
    /// The database failed.
    pub async fn file(&self, path: &str) -> Result<Option<Info>> {
        let row = sqlx::query_as!(
            FileRow,
            r#"select digest as "digest: Digest", size, version, updated_at as "updated_at: Time" from files
            where app_id = $1 and path = $2"#,
            self.app as _,
            path
        )
        .fetch_optional(self.pool())
        .await
        .map_err(Error::sql("read of a file"))?;
        Ok(row.map(Info::from))
    }

    /// A page of files, as of one moment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn file_list(&self, range: &Range) -> Result<Page> {
        let mut connection = self.pool().acquire().await.map_err(Error::sql("list files"))?;
        page(&mut connection, self.app, range).await.map_err(Error::sql("list files"))
    }
}

async fn page(connection: &mut PgConnection, app: AppId, range: &Range) -> sqlx::Result<Page> {
    let limit = range.limit as usize;
    // One row more than the page has tells whether the range goes on.
    let rows = sqlx::query!(
        r#"
        select path, digest as "digest: Digest", size, version, updated_at as "updated_at: Time" from files
        where app_id = $1 and path >= $2 and ($3::text is null or path > $3) and ($4::text is null or path < $4)
        order by path limit $5
        "#,
        app as _,
        range.prefix,
        range.after,
        end_of(&range.prefix),
        i64::from(range.limit) + 1
    )
    .fetch_all(connection)
    .await?;
    let more = rows.len() > limit;
    let info = |digest, size, version, updated_at: Time| Info::from(FileRow { digest, size, version, updated_at: updated_at.0 });
    let entries = rows.into_iter().take(limit).map(|row| (row.path, info(row.digest, row.size, row.version, row.updated_at)));
    Ok(Page { entries: entries.collect(), more })
}

/// Whether everything is still as it was seen.
pub(in crate::data) async fn are_still_so(connection: &mut PgConnection, app: AppId, reads: &[Read]) -> sqlx::Result<bool> {
    let paths: Vec<&str> = reads
        .iter()
        .filter_map(|read| match read {
            Read::Path { path, .. } => Some(path.as_str()),
            Read::Page { .. } => None,
        })
        .collect();
    let now = if paths.is_empty() { HashMap::new() } else { versions(connection, app, &paths).await? };
    for read in reads {
        let is_still_so = match read {
            Read::Path { path, version } => now.get(path) == version.as_ref(),
            Read::Page { range, entries, more } => {
                let page = page(connection, app, range).await?;
                let there = page.entries.iter().map(|(path, info)| (path, info.version));
                page.more == *more && there.eq(entries.iter().map(|(path, version)| (path, *version)))
            }
        };
        if !is_still_so {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn versions(connection: &mut PgConnection, app: AppId, paths: &[&str]) -> sqlx::Result<HashMap<String, Version>> {
    let rows = sqlx::query!("select path, version from files where app_id = $1 and path = any($2)", app as _, paths as &[&str]);
    Ok(rows.fetch_all(connection).await?.into_iter().map(|row| (row.path, row.version)).collect())
}
