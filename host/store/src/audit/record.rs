//! Writing a row.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{AuditContent, BEFORE_THE_FIRST, Subject, chain};
use crate::{AppId, Digest, Error, Principal, Result, control::idempotency::note_done, ids::v7, time::Time};

/// A thing that a transaction is about to change.
#[derive(Debug)]
#[must_use = "a change without its row must not be committed"]
pub(crate) struct Watched<'a> {
    subject: Subject<'a>,
    before: Option<Digest>,
}

impl<'a> Watched<'a> {
    /// One that is not there yet.
    pub(crate) fn new(subject: Subject<'a>) -> Self {
        Self { subject, before: None }
    }

    /// One as it is before the change. To be called when nobody else can change it any more, where that matters.
    ///
    /// # Errors
    /// The database failed.
    pub(crate) async fn before(connection: &mut PgConnection, subject: Subject<'a>) -> Result<Self> {
        Ok(Self { subject, before: subject.state(connection).await? })
    }

    /// Notes the change in the transaction that made it; the last statement of it, since the end of the chain stays locked until the commit.
    /// If the request of the change claimed an idempotency key, the claim learns of it too. `action` is `<thing>.<done>`; `details` is a JSON object without secrets, whose member `target`, if it has one, is the id of the thing.
    ///
    /// # Errors
    /// The database failed: the change must fail too.
    pub(crate) async fn record(
        self,
        connection: &mut PgConnection,
        actor: &Principal,
        app: Option<AppId>,
        action: &'static str,
        details: Value,
        now: Timestamp,
    ) -> Result<()> {
        let states = (self.before, self.subject.state(connection).await?);
        append(connection, actor, app, (action, details, states), now).await
    }
}

/// Action, details, and the hashes of the thing before and after.
type Event = (&'static str, Value, (Option<Digest>, Option<Digest>));

async fn append(connection: &mut PgConnection, actor: &Principal, app: Option<AppId>, event: Event, now: Timestamp) -> Result<()> {
    const OPERATION: &str = "record in the audit log";
    let chain = chain(app);
    let end = sqlx::query!(
        r#"
        insert into audit_chains as c (app_id, last_seq, last_hash) values ($1, 0, $2)
        on conflict (app_id) do update set last_seq = c.last_seq
        returning last_seq, last_hash as "last_hash: Digest", (select username from admins where id = $3) as "username?"
        "#,
        chain,
        BEFORE_THE_FIRST.as_slice(),
        actor.admin as _
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(Error::sql(OPERATION))?;

    let content = content(actor, app, event, now, (end.last_seq + 1, end.username));
    let hash = content.chained(&end.last_hash).map_err(|error| Error::sql(OPERATION)(sqlx::Error::Encode(error.into())))?;
    sqlx::query!(
        r#"
        with grown as (update audit_chains set last_seq = $2, last_hash = $14 where app_id = $1)
        insert into audit (app_id, seq, id, at, actor_id, actor, key_id, ip, request_id, action, target, details, previous_hash, hash,
            before_sha256, after_sha256)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
        "#,
        chain,
        content.seq,
        content.id,
        Time(content.at) as _,
        content.actor_id as _,
        content.actor,
        content.key_id as _,
        content.ip,
        content.request_id,
        content.action,
        content.target,
        content.details,
        end.last_hash as _,
        hash as _,
        content.before_sha256 as _,
        content.after_sha256 as _
    )
    .execute(&mut *connection)
    .await
    .map_err(Error::sql(OPERATION))?;
    note_done(connection, actor, &content.action, content.target.as_deref()).await
}

fn content(
    actor: &Principal,
    app: Option<AppId>,
    (action, mut details, (before_sha256, after_sha256)): Event,
    now: Timestamp,
    (seq, username): (i64, Option<String>),
) -> AuditContent {
    let target = details.as_object_mut().and_then(|members| members.remove("target")).map(|target| match target {
        Value::String(text) => text,
        other => other.to_string(),
    });
    AuditContent {
        id: v7(now),
        app_id: app.filter(|app| app.uuid() != Uuid::nil()),
        seq,
        // As it will be read.
        at: Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now),
        actor_id: actor.admin,
        // No admin: what PiCloud does by itself.
        actor: username.unwrap_or_else(|| "picloud".to_owned()),
        key_id: actor.key(),
        ip: actor.origin.ip.clone(),
        request_id: actor.origin.request_id.clone(),
        action: action.to_owned(),
        target,
        details,
        before_sha256,
        after_sha256,
    }
}
