//! Recordings: written with the rows of their executions, compressed and sealed.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::{Read as _, Write as _},
};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use jiff::Timestamp;
use sqlx::PgConnection;
use vault::{AppKey, Vault, Wrapped};

use super::NewExecution;
use crate::{AppId, Error, ExecutionId, Result, ids::v7, time::Time};

/// What a recording may be when it is opened again: nobody can make the server unpack more (S-2.14).
const OPENED_BYTES_MAX: u64 = 64 << 20;
/// The name that recordings are sealed under. No secret has it: names of secrets have no blank.
const SEALED_AS: &str = "recording of an execution";

/// Writes the recordings of these rows. What was written before stays as it is. Of an app that keeps more than it may, the oldest go.
pub(super) async fn insert(connection: &mut PgConnection, vault: &Vault, rows: &[NewExecution]) -> sqlx::Result<()> {
    let mut keys = BTreeMap::new();
    let mut quotas = BTreeMap::new();
    for row in rows {
        let Some(recording) = &row.recording else { continue };
        let key = match keys.entry(row.app) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(app_key(connection, vault, row.app, row.id.created_at()).await?),
        };
        // The app is gone, or its key does not open: nothing can be kept.
        let Some(key) = key else { continue };
        let Some(sealed) = seal(key, row.id, &recording.text) else { continue };
        quotas.insert(row.app, recording.bytes_max);
        sqlx::query!(
            "insert into recordings (app_id, created_at, execution_id, script_id, bytes, sealed) values ($1, $2, $3, $4, $5, $6)
            on conflict do nothing",
            row.app as _,
            Time(row.id.created_at()) as _,
            row.id as _,
            row.script as _,
            i32::try_from(sealed.len()).unwrap_or(i32::MAX),
            sealed
        )
        .execute(&mut *connection)
        .await?;
    }
    for (app, bytes_max) in quotas {
        trim(connection, app, bytes_max).await?;
    }
    Ok(())
}

/// The key of an app, made if it has none; `None`: the app is gone, or it does not open.
async fn app_key(connection: &mut PgConnection, vault: &Vault, app: AppId, now: Timestamp) -> sqlx::Result<Option<AppKey>> {
    let Ok(made) = vault.make(app.uuid(), v7(now)) else { return Ok(None) };
    sqlx::query!(
        "insert into secret_keys (app_id, id, master, sealed) select id, $2, $3, $4 from apps where id = $1 on conflict do nothing",
        app as _,
        made.id,
        made.master,
        made.sealed
    )
    .execute(&mut *connection)
    .await?;
    let kept = sqlx::query_as!(Wrapped, "select id, master, sealed from secret_keys where app_id = $1", app as _);
    let kept = kept.fetch_optional(connection).await?;
    Ok(kept.and_then(|wrapped| match vault.open(app.uuid(), &wrapped) {
        Ok(key) => Some(key),
        Err(why) => {
            tracing::error!(%app, %why, "an execution is not recorded: the key of its app does not open");
            None
        }
    }))
}

/// Removes the oldest recordings of an app that has too many bytes of them.
async fn trim(connection: &mut PgConnection, app: AppId, bytes_max: u64) -> sqlx::Result<()> {
    sqlx::query!(
        "with counted as (
            select created_at, execution_id, sum(bytes::bigint) over (order by created_at desc, execution_id desc) as bytes
            from recordings where app_id = $1
        )
        delete from recordings r using counted c
        where r.app_id = $1 and r.created_at = c.created_at and r.execution_id = c.execution_id and c.bytes > $2::bigint",
        app as _,
        i64::try_from(bytes_max).unwrap_or(i64::MAX)
    )
    .execute(connection)
    .await?;
    Ok(())
}

fn seal(key: &AppKey, execution: ExecutionId, text: &[u8]) -> Option<Vec<u8>> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text).ok()?;
    key.seal(&name(execution), 0, &packed.finish().ok()?).ok()
}

/// The text of a recording.
pub(crate) fn open(vault: &Vault, app: AppId, key: &Wrapped, execution: ExecutionId, sealed: &[u8]) -> Result<Vec<u8>> {
    let unopened = |why: &dyn std::fmt::Display| Error::Sealing(format!("the recording of execution {execution}: {why}"));
    let key = vault.open(app.uuid(), key).map_err(|why| unopened(&why))?;
    let packed = key.open(&name(execution), 0, sealed).map_err(|why| unopened(&why))?;
    let mut text = Vec::new();
    DeflateDecoder::new(&packed[..]).take(OPENED_BYTES_MAX).read_to_end(&mut text).map_err(|why| unopened(&why))?;
    Ok(text)
}

fn name(execution: ExecutionId) -> String {
    format!("{SEALED_AS} {execution}")
}
