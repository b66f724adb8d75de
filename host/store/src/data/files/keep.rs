//! Before the transaction of a commit: the bytes go to the disk, if the commit has a chance.

use execution::files::Write;

use super::{
    are_still_so,
    claim::{Wanted, claim},
    on_disk,
    usage::usage,
    write::{self, Rows},
};
use crate::{
    Committed, Error, Result,
    data::{AppData, Commit, kv},
};

impl AppData {
    /// Claims and writes what the execution has put into files. `Some`: the commit has ended without that, for it could only have failed.
    pub(in crate::data) async fn keep_blobs(&self, commit: &Commit<'_>, rows: &Rows<'_>) -> Result<Option<Committed>> {
        const OPERATION: &str = "claim the bytes of files";
        let wanted: Vec<Wanted> = rows.values().flatten().map(|row| Wanted { digest: row.digest, size: row.size }).collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        let mut connection = self.pool().acquire().await.map_err(Error::sql(OPERATION))?;
        // Asked again in the transaction, where the answer counts.
        let hopeless = async {
            let (effects, app) = (commit.effects, self.app);
            if !are_still_so(&mut connection, app, &effects.file_reads).await?
                || !kv::are_still_so(&mut connection, app, &effects.reads, commit.now).await?
            {
                return Ok(Some(Committed::Conflict));
            }
            let change = write::change(&mut connection, app, rows).await?;
            let fits = !change.grows() || usage(&mut connection, app).await?.and(change).is_within(commit.quota);
            if !fits || !claim(&mut connection, app, &wanted, commit.quota, commit.now).await? {
                return Ok(Some(Committed::OverFileQuota));
            }
            Ok(None)
        };
        if let Some(ended) = hopeless.await.map_err(Error::sql(OPERATION))? {
            return Ok(Some(ended));
        }
        drop(connection);
        for write in commit.effects.file_writes.values() {
            // One after the other: only one of them is in memory twice.
            if let Write::Put { digest, bytes, .. } = write {
                let (app, digest, bytes) = (self.app, self.digest(digest)?, bytes.clone());
                on_disk(self.blobs.as_ref(), move |blobs| blobs.put(app.uuid(), digest.as_bytes(), &bytes)).await?;
            }
        }
        Ok(None)
    }
}
