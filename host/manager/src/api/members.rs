//! `/api/v1/admin/members`: who works on an app. Whoever administers an app manages them; he names people by their exact user name,
//! since he may not list those who are in no app of his.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{AdminId, AppRole, Member, Person, Revision};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    authz::Action,
    extract::{Authorized, Caller, Client, IfMatch, Json, Path, Query, action, app_ref, etag},
    listing::{Listing, OfOneApp, page},
    password::throttled,
    problem::{FieldError, Problem, ProblemType},
    words,
};
use crate::{State, auth::throttle::Network};

/// A new member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMember {
    /// Slug or id of the app.
    app: String,
    /// The exact user name of an admin, in any case. Owners and admins of the instance may also give his id.
    #[schema(example = "ada")]
    admin: String,
    /// `app_admin`, `editor` or `viewer`.
    #[schema(value_type = words::AppRole)]
    role: AppRole,
}

/// What changes about a member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberPatch {
    #[schema(value_type = Option<words::AppRole>)]
    role: Option<AppRole>,
}

/// An admin's role in an app.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MemberBody {
    /// The admin's id.
    id: Uuid,
    app_id: Uuid,
    username: String,
    display_name: String,
    /// `app_admin`, `editor` or `viewer`.
    #[schema(value_type = words::AppRole)]
    role: AppRole,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// The app that an item is looked for in.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct InApp {
    /// Slug or id of the app.
    #[serde(rename = "app")]
    #[param(required = true)]
    pub _app: Option<String>,
}

impl MemberBody {
    fn of(member: Member, app_id: Uuid) -> Self {
        let Member { admin, username, display_name, role, created_at } = member;
        Self { id: admin.uuid(), app_id, username, display_name, role, created_at }
    }
}

/// Lists an app's members. Owners and admins of the instance reach every app without being members.
#[utoipa::path(
    get, path = "/api/v1/admin/members", tag = "members",
    params(OfOneApp),
    responses((status = 200, body = Listing<MemberBody>)),
)]
pub(super) async fn list_members(
    app: Authorized<action::MemberRead>,
    Query(query): Query<OfOneApp>,
) -> Result<Json<Listing<MemberBody>>, Problem> {
    let members = app.members(page(query.limit, query.cursor.as_deref())?).await?;
    Ok(Json(Listing::of(members, |member| MemberBody::of(member, app.app_id().uuid()))))
}

/// Gives somebody who has an account a role in an app: it appears in his list at once. Somebody new is invited instead.
#[utoipa::path(
    post, path = "/api/v1/admin/members", tag = "members",
    request_body = NewMember,
    responses((status = 201, body = MemberBody)),
)]
pub(super) async fn create_member(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    client: Client,
    Json(body): Json<NewMember>,
) -> Result<Response, Problem> {
    let app = caller.authorize::<action::MemberWrite>(&state, &app_ref(&body.app)).await?;
    let may_list = match caller.authorize_instance(&state, Action::AdminRead).await {
        Ok(_) => true,
        Err(problem) if problem.kind() == ProblemType::MissingScope => false,
        Err(problem) => return Err(problem),
    };
    let person = match body.admin.parse::<AdminId>() {
        Ok(id) if may_list => Person::Id(id),
        // No account has a NUL in its name; the database would not even compare it.
        Ok(_) | Err(_) => Person::Username(body.admin.trim().replace('\0', "\u{fffd}")),
    };
    // Trying names one after the other would be listing.
    let network = Network::of(client.address);
    if !may_list {
        state.throttle.attempt(network, state.now()).map_err(throttled)?;
    }
    let member = app.add_member(&person, body.role, state.now()).await.map_err(refused)?;
    if !may_list {
        state.throttle.succeeded(network);
    }
    Ok((StatusCode::CREATED, answer(member, app.app_id().uuid())).into_response())
}

/// One member, by the admin's id.
#[utoipa::path(
    get, path = "/api/v1/admin/members/{id}", tag = "members",
    params(InApp, ("id" = Uuid, Path)),
    responses((status = 200, body = MemberBody)),
)]
pub(super) async fn get_member(app: Authorized<action::MemberRead>, Path(id): Path<Uuid>, _: Query<InApp>) -> Result<Response, Problem> {
    let member = app.member(AdminId::from(id)).await?.ok_or_else(|| Problem::not_found("member"))?;
    Ok(answer(member, app.app_id().uuid()).into_response())
}

/// Gives a member another role, from his next request on.
#[utoipa::path(
    patch, path = "/api/v1/admin/members/{id}", tag = "members",
    params(IfMatch, InApp, ("id" = Uuid, Path)),
    request_body = MemberPatch,
    responses((status = 200, body = MemberBody)),
)]
pub(super) async fn patch_member(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::MemberWrite>,
    Path(id): Path<Uuid>,
    _: Query<InApp>,
    if_match: IfMatch,
    Json(body): Json<MemberPatch>,
) -> Result<Response, Problem> {
    let (id, expected) = (AdminId::from(id), if_match.revision()?.map(Revision::parse));
    let present = app.member(id).await?.ok_or_else(|| Problem::not_found("member"))?;
    let role = body.role.unwrap_or(present.role);
    let member = app.change_member(id, role, expected.as_ref(), state.now()).await?.ok_or_else(|| Problem::not_found("member"))?;
    Ok(answer(member, app.app_id().uuid()).into_response())
}

/// Takes a member's role away: the app vanishes from his list at once.
#[utoipa::path(
    delete, path = "/api/v1/admin/members/{id}", tag = "members",
    params(IfMatch, InApp, ("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_member(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::MemberWrite>,
    Path(id): Path<Uuid>,
    _: Query<InApp>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    match app.remove_member(AdminId::from(id), expected.as_ref(), state.now()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("member")),
    }
}

fn answer(member: Member, app: Uuid) -> impl IntoResponse {
    (etag(member.revision().as_str()), Json(MemberBody::of(member, app)))
}

fn refused(error: store::Error) -> Problem {
    let store::Error::Duplicate { name, .. } = &error else { return error.into() };
    let message = format!("`{name}` is a member already; change his role by PATCH /api/v1/admin/members/<id>?app=...");
    let error = FieldError { pointer: Some("/admin".to_owned()), message: message.clone(), ..FieldError::default() };
    Problem::new(ProblemType::NameTaken, message).with_error(error)
}
