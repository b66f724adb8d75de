//! What a change is about, and what that thing is at a moment: two hashes in the row of every change (S-8.9).
//!
//! A thing is its row in the database, so that whoever doubts a row can hash it again and look for the last change that left it so. What
//! changes without a row of its own (when something was last seen, used or looked for) is left out.

use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    AdminId, ApiKeyId, AppId, DeploymentId, Digest, DomainId, EgressRuleId, Error, InvitationId, JobId, Result, SessionId, TriggerId,
};

/// A thing that changes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    /// Slug, name and limits.
    App(AppId),
    /// What the app runs: its active deployment.
    Running(AppId),
    Deployment(AppId, DeploymentId),
    Split(AppId),
    Member(AppId, AdminId),
    Domain(DomainId),
    EgressRule(EgressRuleId),
    /// His password's hash is part of it.
    Admin(AdminId),
    ApiKey(ApiKeyId),
    Invitation(InvitationId),
    Session(SessionId),
    /// All sessions of an admin.
    Sessions(AdminId),
    /// What the app's scripts keep under a key.
    Key(AppId, &'a str),
    /// What is at a path.
    File(AppId, &'a str),
    /// Its lease and attempts are the data plane's.
    Job(AppId, JobId),
    /// Whether it is paused; what it is belongs to the deployment.
    Trigger(AppId, TriggerId),
    /// Its value as it is kept: sealed.
    Secret(AppId, &'a str),
}

impl Subject<'_> {
    /// The hash of the thing as it is now; `None`: it is not there.
    pub(super) async fn state(self, connection: &mut PgConnection) -> Result<Option<Digest>> {
        let row = self.row(connection).await.map_err(Error::sql("read for the audit log"))?;
        // serde_json keeps members in the order of their names (there is a test of that).
        Ok(row.map(|row| Digest::of(row.to_string().as_bytes())))
    }

    async fn row(self, connection: &mut PgConnection) -> sqlx::Result<Option<Value>> {
        macro_rules! row {
            ($sql:tt, $($id:expr),+) => { sqlx::query_scalar!($sql, $($id as _),+).fetch_optional(connection).await };
        }
        match self {
            Self::App(id) => row!(
                r#"select to_jsonb(t) - '{active_deployment_id,previous_deployment_id,last_deployment}'::text[] as "row!"
                from apps t where id = $1"#,
                id
            ),
            Self::Running(app) => row!(
                r#"select to_jsonb(t) as "row!" from apps a join deployments t on t.app_id = a.id and t.id = a.active_deployment_id
                where a.id = $1"#,
                app
            ),
            Self::Deployment(app, id) => row!(r#"select to_jsonb(t) as "row!" from deployments t where app_id = $1 and id = $2"#, app, id),
            Self::Split(app) => row!(r#"select to_jsonb(t) as "row!" from splits t where app_id = $1"#, app),
            Self::Member(app, admin) => {
                row!(r#"select to_jsonb(t) as "row!" from members t where app_id = $1 and admin_id = $2"#, app, admin)
            }
            Self::Domain(id) => row!(
                r#"select to_jsonb(t) - '{checked_at,check_result,failing_since,next_check_at}'::text[] as "row!"
                from domains t where id = $1"#,
                id
            ),
            Self::EgressRule(id) => row!(r#"select to_jsonb(t) as "row!" from egress_rules t where id = $1"#, id),
            Self::Admin(id) => row!(r#"select to_jsonb(t) as "row!" from admins t where id = $1"#, id),
            Self::ApiKey(id) => row!(r#"select to_jsonb(t) - 'last_used_at' as "row!" from api_keys t where id = $1"#, id),
            Self::Invitation(id) => row!(r#"select to_jsonb(t) as "row!" from invitations t where id = $1"#, id),
            Self::Session(id) => row!(r#"select to_jsonb(t) - 'last_seen_at' as "row!" from sessions t where id = $1"#, id),
            Self::Key(app, key) => row!(r#"select to_jsonb(t) as "row!" from kv t where app_id = $1 and key = $2"#, app, key),
            Self::File(app, path) => row!(r#"select to_jsonb(t) as "row!" from files t where app_id = $1 and path = $2"#, app, path),
            Self::Job(app, id) => row!(
                r#"select to_jsonb(t) - '{due_at,execution_id,deliveries}'::text[] as "row!" from jobs t where app_id = $1 and id = $2"#,
                app,
                id
            ),
            Self::Trigger(app, id) => {
                row!(r#"select to_jsonb(t) - 'next_at' as "row!" from triggers t where app_id = $1 and id = $2"#, app, id)
            }
            Self::Secret(app, name) => row!(r#"select to_jsonb(t) as "row!" from secrets t where app_id = $1 and name = $2"#, app, name),
            Self::Sessions(admin) => row!(
                r#"select jsonb_agg(to_jsonb(t) - 'last_seen_at' order by t.id) as "row!" from sessions t where admin_id = $1
                having count(*) > 0"#,
                admin
            ),
        }
    }
}
