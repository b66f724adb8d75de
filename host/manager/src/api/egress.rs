//! `/api/v1/admin/egress`: what an app's scripts may call. Nothing, but for these rules; and whatever they say, only the public internet.

use std::sync::Arc;

use axum::{extract::State as Shared, response::IntoResponse};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{EgressRule, EgressRuleId, NewEgressRule, Revision};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Caller, IfMatch, Json, OfEgressRule, Path, Query, action, app_ref, etag},
    listing::{Listing, OfOneApp, page},
    problem::Problem,
    words,
};
use crate::State;

/// Something that is to be allowed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEgressRuleBody {
    /// Slug or id of the app.
    app: String,
    /// A host name, `*.` and a name for every name below it, an address, or `*` for every host.
    #[schema(example = "api.example.com")]
    host: String,
    /// 80 and 443 if absent.
    #[schema(minimum = 1)]
    port: Option<u16>,
    /// `http` or `https`; both if absent.
    #[schema(value_type = Option<words::Scheme>)]
    scheme: Option<String>,
}

/// Something that the app's scripts may call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EgressRuleBody {
    id: Uuid,
    app_id: Uuid,
    /// Canonical.
    host: String,
    /// Null: 80 and 443.
    port: Option<u16>,
    /// Null: both.
    #[schema(value_type = Option<words::Scheme>)]
    scheme: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl EgressRuleBody {
    fn of(rule: EgressRule, app_id: Uuid) -> Self {
        let EgressRule { id, host, port, scheme, created_at } = rule;
        Self { id: id.uuid(), app_id, host, port, scheme, created_at }
    }
}

/// Lists what an app's scripts may call, oldest rule first.
#[utoipa::path(
    get, path = "/api/v1/admin/egress", tag = "egress",
    params(OfOneApp),
    responses((status = 200, body = Listing<EgressRuleBody>)),
)]
pub(super) async fn list_egress_rules(
    app: Authorized<action::EgressRead>,
    Query(query): Query<OfOneApp>,
) -> Result<Json<Listing<EgressRuleBody>>, Problem> {
    let rules = app.egress_rules(page(query.limit, query.cursor.as_deref())?).await?;
    Ok(Json(Listing::of(rules, |rule| EgressRuleBody::of(rule, app.app_id().uuid()))))
}

/// Allows an app's scripts to call something, at once and whatever is deployed.
#[utoipa::path(
    post, path = "/api/v1/admin/egress", tag = "egress",
    request_body = NewEgressRuleBody,
    responses((status = 201, body = EgressRuleBody)),
)]
pub(super) async fn create_egress_rule(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<NewEgressRuleBody>,
) -> Result<impl IntoResponse, Problem> {
    let app = caller.authorize::<action::EgressWrite>(&state, &app_ref(&body.app)).await?;
    let host = state.data_plane.egress_host(&body.host).map_err(|message| Problem::invalid("/host", message))?;
    if body.port == Some(0) {
        return Err(Problem::invalid("/port", "A port is 1 to 65535."));
    }
    if body.scheme.as_deref().is_some_and(|scheme| scheme != "http" && scheme != "https") {
        return Err(Problem::invalid("/scheme", "A scheme is http or https; leave it out for both."));
    }
    let rule = NewEgressRule { host, port: body.port, scheme: body.scheme, now: state.now() };
    let rule = app.create_egress_rule(&rule).await?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok((StatusCode::CREATED, answer(rule, app.app_id().uuid())))
}

/// One rule.
#[utoipa::path(
    get, path = "/api/v1/admin/egress/{id}", tag = "egress",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = EgressRuleBody)),
)]
pub(super) async fn get_egress_rule(
    app: Authorized<action::EgressRead, OfEgressRule>,
    Path(id): Path<Uuid>,
) -> Result<impl IntoResponse, Problem> {
    let rule = app.egress_rule(EgressRuleId::from(id)).await?.ok_or_else(|| Problem::not_found("egress rule"))?;
    Ok(answer(rule, app.app_id().uuid()))
}

/// Allows it no longer, at once: executions that run too.
#[utoipa::path(
    delete, path = "/api/v1/admin/egress/{id}", tag = "egress",
    params(IfMatch, ("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_egress_rule(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::EgressWrite, OfEgressRule>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    if !app.delete_egress_rule(EgressRuleId::from(id), expected.as_ref(), state.now()).await? {
        return Err(Problem::not_found("egress rule"));
    }
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(StatusCode::NO_CONTENT)
}

fn answer(rule: EgressRule, app: Uuid) -> impl IntoResponse + use<> {
    (etag(rule.revision().as_str()), Json(EgressRuleBody::of(rule, app)))
}
