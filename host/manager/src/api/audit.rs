//! `/api/v1/admin/audit`: who changed what. With `?app=` about one app, without it about everything; also about an app that is gone.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use futures_util::{TryStreamExt as _, stream};
use http::{HeaderValue, header};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{AppId, AppRef, AppStore, AuditCheckpoint, AuditEntry, AuditFilter, AuditPosition, AuditVerdict, InstanceStore};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    authz::Action,
    extract::{Caller, Json, Query, action, app_ref},
    listing::{Listing, page},
    problem::{Problem, ProblemType},
};
use crate::{State, state::StreamPermit};

/// Rows that an export reads at once.
const EXPORT_ROWS_AT_ONCE: u16 = 500;
/// Rows that one call follows: some hundred milliseconds of work.
const VERIFIED_ROWS_MAX: u64 = 20_000;

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// Slug or id of the app; of one that is gone its id. Everything if absent, which takes `instance:admin`.
    app: Option<String>,
    /// Exactly this action.
    #[param(example = "deployment.activated")]
    action: Option<String>,
    /// User name, as it was then, or id of who acted.
    actor: Option<String>,
    /// Not before.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Before.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Which chain.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditChainQuery {
    /// Slug or id of the app; of one that is gone its id. All chains if absent, which takes `instance:admin`.
    app: Option<String>,
}

/// Which chain, and from where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditVerifyQuery {
    /// Slug or id of the app; of one that is gone its id. All chains if absent, which takes `instance:admin`.
    app: Option<String>,
    /// The `checkpoint` of an earlier answer about the same chain or chains: what is before it is not read again.
    from: Option<String>,
}

/// One change. `hash` is the SHA-256 over the 32 bytes of `previous_hash` and the compact JSON of the members before it, in this order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditBody {
    id: Uuid,
    /// Null for what is not about one app. The app may be gone.
    app_id: Option<Uuid>,
    /// 1, 2, 3 ... in each app, and in what is about none.
    seq: i64,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The admin who acted, or whose key did.
    actor_id: Uuid,
    /// His user name then.
    actor: String,
    /// The key that acted; null for a session.
    key_id: Option<Uuid>,
    /// Where the request came from; null for what no request caused.
    ip: Option<String>,
    /// The request's id, as in `X-Request-Id`.
    request_id: Option<String>,
    #[schema(example = "deployment.activated")]
    action: String,
    /// The id of the thing that was changed.
    target: Option<String>,
    #[schema(value_type = std::collections::BTreeMap<String, serde_json::Value>)]
    details: serde_json::Value,
    /// SHA-256 of the thing's row as it was, as compact JSON with members in the order of their names. Absent: it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    before_sha256: Option<String>,
    /// SHA-256 of the thing's row as it is after the change. Absent: it is no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    after_sha256: Option<String>,
    /// Hexadecimal; zeros in the first row of a chain.
    previous_hash: String,
    hash: String,
}

impl AuditBody {
    fn of(entry: AuditEntry) -> Self {
        let AuditEntry { content, previous_hash, hash } = entry;
        Self {
            id: content.id,
            app_id: content.app_id.map(Uuid::from),
            seq: content.seq,
            at: content.at,
            actor_id: content.actor_id.uuid(),
            actor: content.actor,
            key_id: content.key_id.map(Uuid::from),
            ip: content.ip,
            request_id: content.request_id,
            action: content.action,
            target: content.target,
            details: content.details,
            before_sha256: content.before_sha256.map(|hash| hash.to_string()),
            after_sha256: content.after_sha256.map(|hash| hash.to_string()),
            previous_hash: previous_hash.to_string(),
            hash: hash.to_string(),
        }
    }
}

/// What following the hashes has shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditVerdictBody {
    /// Whether every row is as it was written and none is missing.
    intact: bool,
    /// Chains that were followed: one per app, one of what is about none.
    chains: u64,
    rows: u64,
    /// Whether that was the end. If not, go on with `?from=` and the checkpoint: one call reads a bounded number of rows.
    complete: bool,
    /// Where it stopped, and the hash there; null if there is nothing yet. Kept elsewhere, it also proves later that nothing before it was
    /// replaced as a whole.
    checkpoint: Option<String>,
    /// The first row that is not as it was written.
    broken: Option<AuditFaultBody>,
}

/// Where a chain breaks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditFaultBody {
    app_id: Option<Uuid>,
    seq: i64,
    why: &'static str,
}

/// What the caller may read.
enum Reach {
    App(AppStore),
    /// Everything, or one app that is gone.
    Instance(InstanceStore, Option<AppId>),
}

impl Reach {
    async fn of(caller: &Caller, state: &State, app: Option<&str>) -> Result<Self, Problem> {
        let Some(app) = app else {
            return Ok(Self::Instance(caller.authorize_instance(state, Action::AuditReadAll).await?, None));
        };
        let app = app_ref(app);
        match caller.authorize::<action::AuditRead>(state, &app).await {
            Ok(authorized) => Ok(Self::App(authorized.into_store())),
            Err(problem) if problem.kind() == ProblemType::NotFound => Self::gone(caller, state, &app).await.ok_or(problem),
            Err(problem) => Err(problem),
        }
    }

    /// What an app that was deleted has left, for those who may read everything.
    async fn gone(caller: &Caller, state: &State, app: &AppRef) -> Option<Self> {
        let AppRef::Id(id) = app else { return None };
        let instance = caller.authorize_instance(state, Action::AuditReadAll).await.ok()?;
        instance.has_audit(*id).await.ok()?.then_some(Self::Instance(instance, Some(*id)))
    }

    async fn after(&self, position: AuditPosition) -> Result<(Vec<AuditEntry>, AuditPosition), store::Error> {
        match self {
            Self::App(app) => app.audit_after(position, EXPORT_ROWS_AT_ONCE).await,
            Self::Instance(instance, app) => instance.audit_after(*app, position, EXPORT_ROWS_AT_ONCE).await,
        }
    }
}

/// Lists changes, newest first. Takes `app:admin` with `?app=`, else `instance:admin`.
#[utoipa::path(
    get, path = "/api/v1/admin/audit", tag = "audit",
    params(AuditQuery),
    responses((status = 200, body = Listing<AuditBody>)),
)]
pub(super) async fn list_audit(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Listing<AuditBody>>, Problem> {
    let reach = Reach::of(&caller, &state, query.app.as_deref()).await?;
    let page = page(query.limit, query.cursor.as_deref())?;
    // No text of the database holds a NUL.
    let text = |sent: Option<String>| sent.map(|text| text.replace('\0', "\u{fffd}"));
    let filter = AuditFilter { action: text(query.action), actor: text(query.actor), from: query.from, to: query.to };
    let entries = match &reach {
        Reach::App(app) => app.audit(&filter, page).await?,
        Reach::Instance(instance, app) => instance.audit(*app, &filter, page).await?,
    };
    Ok(Json(Listing::of(entries, AuditBody::of)))
}

/// All rows as lines of JSON, in the order of the chains. Takes `app:admin` with `?app=`, else `instance:admin`.
#[utoipa::path(
    get, path = "/api/v1/admin/audit/export", tag = "audit",
    params(AuditChainQuery),
    responses((status = 200, body = AuditBody, content_type = "application/x-ndjson")),
)]
pub(super) async fn export_audit(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Query(query): Query<AuditChainQuery>,
) -> Result<Response, Problem> {
    let reach = Reach::of(&caller, &state, query.app.as_deref()).await?;
    let permit = permit(&caller, &state)?;
    // The first rows are read before the answer begins, so that a failure is still a problem.
    let first = reach.after(AuditPosition::default()).await?;
    let pages = stream::try_unfold((reach, Some(first), permit), |(reach, page, permit)| async move {
        let Some((rows, position)) = page.filter(|(rows, _)| !rows.is_empty()) else { return Ok(None) };
        let text = lines(rows).map_err(std::io::Error::other)?;
        let next = reach.after(position).await.map_err(std::io::Error::other)?;
        Ok::<_, std::io::Error>(Some((text, (reach, Some(next), permit))))
    });
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    let name = (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.ndjson\""));
    Ok(([kind, name], Body::from_stream(pages.into_stream())).into_response())
}

/// Follows the hashes from the first row, or from a checkpoint, to the last, over at most 20,000 rows a call. Takes `app:admin` with `?app=`, else `instance:admin`.
#[utoipa::path(
    get, path = "/api/v1/admin/audit/verify", tag = "audit",
    params(AuditVerifyQuery),
    responses((status = 200, body = AuditVerdictBody)),
)]
pub(super) async fn verify_audit(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Query(query): Query<AuditVerifyQuery>,
) -> Result<Json<AuditVerdictBody>, Problem> {
    let reach = Reach::of(&caller, &state, query.app.as_deref()).await?;
    let from = query.from.as_deref().map(str::parse::<AuditCheckpoint>).transpose();
    let from = from.map_err(|_| Problem::invalid("?from", "Give the `checkpoint` of an earlier answer, or leave it out."))?;
    let _permit = permit(&caller, &state)?;
    let AuditVerdict { chains, rows, broken, checkpoint, complete } = match &reach {
        Reach::App(app) => app.verify_audit(from, VERIFIED_ROWS_MAX).await?,
        Reach::Instance(instance, app) => instance.verify_audit(*app, from, VERIFIED_ROWS_MAX).await?,
    };
    let checkpoint = checkpoint.map(|checkpoint| checkpoint.to_string());
    let broken = broken.map(|fault| AuditFaultBody { app_id: fault.app.map(Uuid::from), seq: fault.seq, why: fault.why });
    Ok(Json(AuditVerdictBody { intact: broken.is_none(), chains, rows, complete, checkpoint, broken }))
}

/// Reading everything takes long: a person does it a few times at once and no more.
fn permit(caller: &Caller, state: &State) -> Result<StreamPermit, Problem> {
    let full = || Problem::new(ProblemType::Throttled, "You have as many streams open as one person may.").with_retry_after(15);
    state.streams.open(caller.principal.admin()).ok_or_else(full)
}

fn lines(rows: Vec<AuditEntry>) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut text, &AuditBody::of(row))?;
        text.push(b'\n');
    }
    Ok(text)
}
