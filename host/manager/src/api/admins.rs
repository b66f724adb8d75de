//! `/api/v1/admin/admins`: the people who log in. For owners and admins of the instance; only an owner makes or changes an owner.

use std::sync::Arc;

use axum::{
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Admin, AdminId, AdminUpdate, InstanceRole, Keys, NewAdmin, Revision};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    authz::Action,
    extract::{Caller, IfMatch, Json, Path, Query, etag},
    listing::{Listing, OfAll, check_name, page, username},
    password::hash_new,
    problem::{FieldError, Problem, ProblemType},
    words,
};
use crate::{State, auth::password};

/// A new admin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAdminBody {
    /// 1 to 64 letters (in any case), digits, and any of `. _ - @ +`.
    #[schema(example = "ada")]
    username: String,
    /// For people; the user name if absent.
    display_name: Option<String>,
    /// `owner`, `admin` or `member`.
    #[schema(value_type = words::InstanceRole)]
    role: InstanceRole,
    /// 15 characters to 1024 bytes. If absent, one is made, and shown in the answer.
    #[schema(format = Password)]
    password: Option<String>,
}

/// What changes about an admin. Another role, or `active: false`, ends his sessions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AdminPatch {
    display_name: Option<String>,
    #[schema(value_type = Option<words::InstanceRole>)]
    role: Option<InstanceRole>,
    /// An inactive admin can't log in, and his sessions and keys are refused.
    active: Option<bool>,
}

/// A person who logs in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AdminBody {
    id: Uuid,
    username: String,
    display_name: String,
    /// `owner`, `admin` or `member`.
    #[schema(value_type = words::InstanceRole)]
    role: InstanceRole,
    active: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// An admin as his maker sees him this once.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedAdmin {
    #[serde(flatten)]
    admin: AdminBody,
    /// The password that was made; it can't be shown again. Null if the request brought one.
    password: Option<String>,
}

/// How a password is reset.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordReset {
    /// Whether the admin's keys are revoked too; true if absent.
    revoke_keys: Option<bool>,
}

/// A password that was made; it can't be shown again.
#[derive(Serialize, ToSchema)]
pub(super) struct GeneratedPassword {
    password: String,
}

impl AdminBody {
    pub(super) fn of(admin: Admin) -> Self {
        let Admin { id, username, display_name, role, active, created_at } = admin;
        Self { id: id.uuid(), username, display_name, role, active, created_at }
    }
}

/// Lists the admins, oldest first.
#[utoipa::path(get, path = "/api/v1/admin/admins", tag = "admins", params(OfAll), responses((status = 200, body = Listing<AdminBody>)))]
pub(super) async fn list_admins(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Query(query): Query<OfAll>,
) -> Result<Json<Listing<AdminBody>>, Problem> {
    let instance = caller.authorize_instance(&state, Action::AdminRead).await?;
    let admins = instance.admins(page(query.limit, query.cursor.as_deref())?).await?;
    Ok(Json(Listing::of(admins, AdminBody::of)))
}

/// Makes an admin at once. An invitation lets him choose name and password himself.
#[utoipa::path(
    post, path = "/api/v1/admin/admins", tag = "admins",
    request_body = NewAdminBody,
    responses((status = 201, body = CreatedAdmin)),
)]
pub(super) async fn create_admin(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<NewAdminBody>,
) -> Result<Response, Problem> {
    let instance = caller.authorize_instance(&state, Action::AdminWrite).await?;
    let username = username("/username", &body.username)?;
    let display_name = body.display_name.unwrap_or_else(|| username.clone());
    check_name("/display_name", &display_name)?;
    let (password, generated) = match body.password {
        Some(password) => (password, None),
        None => {
            let generated = password::generate().map_err(Problem::internal)?;
            (generated.clone(), Some(generated))
        }
    };
    let password_hash = hash_new(&state, "/password", password).await?;
    let new = NewAdmin { username, display_name, password_hash, role: body.role, now: state.now() };
    let admin = instance.create_admin(&new).await.map_err(username_taken)?;
    let tag = etag(admin.revision().as_str());
    Ok((StatusCode::CREATED, tag, Json(CreatedAdmin { admin: AdminBody::of(admin), password: generated })).into_response())
}

/// One admin.
#[utoipa::path(
    get, path = "/api/v1/admin/admins/{id}", tag = "admins",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = AdminBody)),
)]
pub(super) async fn get_admin(Shared(state): Shared<Arc<State>>, caller: Caller, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    let instance = caller.authorize_instance(&state, Action::AdminRead).await?;
    answer(instance.admin(AdminId::from(id)).await?)
}

/// Changes an admin. Making him inactive ends his sessions and revokes his keys, at once and on every node; made active again, he makes new
/// ones. The last active owner stays one.
#[utoipa::path(
    patch, path = "/api/v1/admin/admins/{id}", tag = "admins",
    params(IfMatch, ("id" = Uuid, Path)),
    request_body = AdminPatch,
    responses((status = 200, body = AdminBody)),
)]
pub(super) async fn patch_admin(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
    Json(body): Json<AdminPatch>,
) -> Result<Response, Problem> {
    let instance = caller.authorize_instance(&state, Action::AdminWrite).await?;
    let expected = if_match.revision()?.map(Revision::parse);
    if let Some(name) = &body.display_name {
        check_name("/display_name", name)?;
    }
    let update = AdminUpdate { display_name: body.display_name, role: body.role, active: body.active };
    answer(instance.update_admin(AdminId::from(id), &update, expected.as_ref(), state.now()).await?)
}

/// Gives an admin a new password, which is made here and shown this once, ends his sessions and revokes his keys: whoever knew the old
/// password may have made some. With `"revoke_keys": false` his keys stay.
#[utoipa::path(
    post, path = "/api/v1/admin/admins/{id}/reset-password", tag = "admins",
    params(("id" = Uuid, Path)),
    request_body = Option<PasswordReset>,
    responses((status = 200, body = GeneratedPassword)),
)]
pub(super) async fn reset_password(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    body: Option<Json<PasswordReset>>,
) -> Result<Json<GeneratedPassword>, Problem> {
    let instance = caller.authorize_instance(&state, Action::AdminWrite).await?;
    let password = password::generate().map_err(Problem::internal)?;
    let hash = hash_new(&state, "/password", password.clone()).await?;
    let keys = match body.and_then(|Json(body)| body.revoke_keys) {
        Some(false) => Keys::Keep,
        Some(true) | None => Keys::Revoke,
    };
    match instance.replace_password(AdminId::from(id), &hash, keys, state.now()).await? {
        true => Ok(Json(GeneratedPassword { password })),
        false => Err(Problem::not_found("admin")),
    }
}

fn answer(admin: Option<Admin>) -> Result<Response, Problem> {
    let admin = admin.ok_or_else(|| Problem::not_found("admin"))?;
    Ok((etag(admin.revision().as_str()), Json(AdminBody::of(admin))).into_response())
}

fn username_taken(error: store::Error) -> Problem {
    let store::Error::Duplicate { name, .. } = &error else { return error.into() };
    let message = format!("There is an admin with the user name `{name}` already; choose another.");
    let error = FieldError { pointer: Some("/username".to_owned()), message: message.clone(), ..FieldError::default() };
    Problem::new(ProblemType::NameTaken, message).with_error(error)
}
