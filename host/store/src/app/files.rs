//! The app's files, for people who look into them and put some there. The same rows, the same serializable transactions, and an audit row for each change.

use execution::files::check_path;
use jiff::Timestamp;
use serde_json::json;
use sqlx::PgExecutor;
use triggers::Happened;

use super::{AppStore, upload::Uploaded};
use crate::{
    AppId, Digest, Error, Quota, Result, Revision, Thing,
    audit::{Subject, Watched},
    data::{
        end_of,
        files::{self, on_disk, write::Row},
        is_crossed,
        jobs::fire,
    },
    page::cut_behind,
    time::Time,
};

/// Tries of one change: executions of the app may cross it.
const TRIES: u32 = 10;

/// A file without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    pub path: String,
    pub digest: Digest,
    /// Bytes.
    pub size: i64,
    /// Another one after each change.
    pub version: i64,
    pub updated_at: Timestamp,
}

/// Files in the order of the bytes of their paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePage {
    pub entries: Vec<FileEntry>,
    /// Go on behind this path.
    pub next: Option<String>,
}

/// What a change of a file is about. The caller has checked the path.
#[derive(Debug, Clone)]
pub struct FileChange<'a> {
    pub path: &'a str,
    /// Only if it still is so.
    pub expected: Option<Revision>,
    pub quota: Quota,
    pub now: Timestamp,
}

impl FileEntry {
    /// Of its state.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision::parse(&self.version.to_string())
    }
}

impl AppStore {
    /// One file; `None`: there is none.
    ///
    /// # Errors
    /// The database failed.
    pub async fn file(&self, path: &str) -> Result<Option<FileEntry>> {
        find(&self.pool, self.app, path).await.map_err(Error::sql("read of a file"))
    }

    /// Its bytes.
    ///
    /// # Errors
    /// [`Error::NoFiles`], [`Error::Files`].
    pub async fn file_bytes(&self, file: &FileEntry) -> Result<Vec<u8>> {
        let (app, digest, size) = (self.app.uuid(), file.digest, u64::try_from(file.size).unwrap_or(0));
        on_disk(self.blobs.as_ref(), move |blobs| blobs.read(app, digest.as_bytes(), size)).await
    }

    /// Files whose paths begin with `prefix`, behind `after`.
    ///
    /// # Errors
    /// The database failed.
    pub async fn files(&self, prefix: &str, after: Option<&str>, limit: u16) -> Result<FilePage> {
        let entries = sqlx::query_as!(
            FileEntry,
            r#"
            select path, digest as "digest: Digest", size, version, updated_at as "updated_at: Time" from files
            where app_id = $1 and path >= $2 and ($3::text is null or path > $3) and ($4::text is null or path < $4)
            order by path limit $5
            "#,
            self.app as _,
            prefix,
            after,
            end_of(prefix),
            i64::from(limit) + 1
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list files"))?;
        let (entries, next) = cut_behind(limit, entries, |entry| &entry.path);
        Ok(FilePage { entries, next })
    }

    /// Makes what was uploaded the bytes of a file.
    ///
    /// # Errors
    /// [`Error::Changed`]: it is not at `expected`. [`Error::OverFileQuota`]. [`Error::Unavailable`]: executions of the app crossed it each time.
    pub async fn put_file(&self, change: &FileChange<'_>, bytes: Uploaded) -> Result<FileEntry> {
        let row = self.keep(change, bytes).await?;
        self.change_file(change, Some(row)).await?.ok_or_else(|| Error::Missing { what: Thing::File, name: change.path.to_owned() })
    }

    /// Removes a file. Returns what it was; `None`: there was none.
    ///
    /// # Errors
    /// As [`AppStore::put_file`].
    pub async fn delete_file(&self, change: &FileChange<'_>) -> Result<Option<FileEntry>> {
        self.change_file(change, None).await
    }

    async fn change_file(&self, change: &FileChange<'_>, row: Option<Row>) -> Result<Option<FileEntry>> {
        let mut tries_left = TRIES;
        loop {
            tries_left -= 1;
            match self.try_change_file(change, row).await {
                Err(Error::Unavailable { source, .. }) if is_crossed(&source) && tries_left > 0 => {}
                ended => return ended,
            }
        }
    }

    async fn try_change_file(&self, change: &FileChange<'_>, row: Option<Row>) -> Result<Option<FileEntry>> {
        const OPERATION: &str = "change a file";
        let FileChange { path, expected, quota, now } = change;
        debug_assert!(check_path(path).is_ok());
        let mut transaction = self.pool.begin_with("begin isolation level serializable").await.map_err(Error::sql(OPERATION))?;
        let before = find(&mut *transaction, self.app, path).await.map_err(Error::sql(OPERATION))?;
        check(before.as_ref(), expected.as_ref())?;
        if before.is_none() && row.is_none() {
            return Ok(None);
        }
        let watched = Watched::before(&mut transaction, Subject::File(self.app, path)).await?;
        let rows = [(*path, row)].into_iter().collect();
        let grown = files::write::write(&mut transaction, self.app, &rows, *now).await.map_err(Error::sql(OPERATION))?;
        files::add(&mut transaction, self.app, 0, grown).await.map_err(Error::sql(OPERATION))?;
        if grown.grows() && !files::usage(&mut transaction, self.app).await.map_err(Error::sql(OPERATION))?.is_within(*quota) {
            return Err(Error::OverFileQuota { files: quota.files, bytes: quota.file_bytes });
        }
        let happened = Happened::File { path, operation: if row.is_some() { "write" } else { "delete" } };
        fire::of_person(&mut transaction, self.app, "file", happened).await.map_err(Error::sql(OPERATION))?;
        let after = find(&mut *transaction, self.app, path).await.map_err(Error::sql(OPERATION))?;
        let action = if after.is_some() { "file.written" } else { "file.deleted" };
        let version = |entry: &Option<FileEntry>| entry.as_ref().map(|entry| entry.version);
        let digest = after.as_ref().map(|entry| entry.digest);
        let details = json!({ "target": path, "before_version": version(&before), "version": version(&after), "digest": digest });
        watched.record(&mut transaction, &self.actor, Some(self.app), action, details, *now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(after.or(before))
    }
}

fn check(present: Option<&FileEntry>, expected: Option<&Revision>) -> Result<()> {
    let revision = present.map_or_else(|| Revision::parse(Revision::ABSENT), FileEntry::revision);
    revision.check(Thing::File, expected)
}

async fn find<'c>(connection: impl PgExecutor<'c>, app: AppId, path: &str) -> sqlx::Result<Option<FileEntry>> {
    sqlx::query_as!(
        FileEntry,
        r#"select path, digest as "digest: Digest", size, version, updated_at as "updated_at: Time" from files
        where app_id = $1 and path = $2"#,
        app as _,
        path
    )
    .fetch_optional(connection)
    .await
}
