//! `/api/v1/admin/invitations`: how people get an account without anybody else knowing their password. Owners and admins invite to the
//! instance, whoever administers an app invites to that app. A pending invitation grants nothing, and it never gives more than its
//! maker may give when it is accepted.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State as Shared,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::{
    AccessFacts, AppRef, AppRole, Digest, InstanceRole, Invitation, InvitationId, Joining, NewAdmin, NewInvitation, Origin, Revision,
};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    RequestId,
    admins::AdminBody,
    authz::{Action, Target},
    extract::{Caller, Client, IfMatch, Json, Opened, Path, Query, action, app_ref, etag, may, refuse_cross_site},
    listing::{Listing, check_name, page, username},
    password::{Attempt, hash_new, throttled},
    problem::{FieldError, Problem, ProblemType},
    words,
};
use crate::{
    State,
    auth::{
        api_key::{self, Kind},
        csrf, throttle, token,
    },
};

/// How long an invitation can be accepted if its maker does not make it shorter (S-8.8).
const LIFETIME_MAX: SignedDuration = SignedDuration::from_hours(72);

/// A new invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInvitationBody {
    /// For whom it is, so that its maker knows it again.
    #[schema(example = "Ada, for the shop")]
    note: String,
    /// What he becomes in the instance: `member` if absent. Others take `instance:admin`, and `owner` an owner.
    #[schema(value_type = Option<words::InstanceRole>)]
    role: Option<InstanceRole>,
    /// Slug or id of the app that he becomes a member of.
    app: Option<String>,
    /// What he becomes there; together with `app`.
    #[schema(value_type = Option<words::AppRole>)]
    app_role: Option<AppRole>,
    /// 72 hours from now if absent, and at most.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// An invitation, without its token.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InvitationBody {
    id: Uuid,
    note: String,
    /// `pending`, `accepted`, `revoked` or `expired`.
    #[schema(value_type = words::InvitationStatus)]
    status: &'static str,
    #[schema(value_type = words::InstanceRole)]
    role: InstanceRole,
    app_id: Option<Uuid>,
    #[schema(value_type = Option<words::AppRole>)]
    app_role: Option<AppRole>,
    /// The admin who made it.
    created_by: Uuid,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    accepted_at: Option<Timestamp>,
    /// Whom it made, or made a member.
    accepted_by: Option<Uuid>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

/// An invitation as its maker sees it this once.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedInvitation {
    /// To be given to whom it is for. It is not stored and can't be shown again.
    #[schema(example = "pic_inv_...")]
    token: String,
    #[serde(flatten)]
    rest: InvitationBody,
}

/// What is accepted, and by whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acceptance {
    #[schema(example = "pic_inv_...")]
    token: String,
    /// Of the new account, or of one's own, if there is one and the invitation leads to an app.
    username: String,
    /// For people; the user name if absent. Of an account that exists nothing changes.
    display_name: Option<String>,
    /// Of the new account (15 characters to 1024 bytes), or of one's own.
    #[schema(format = Password)]
    password: String,
}

/// Who accepted, and what he became. He is not logged in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Accepted {
    admin: AdminBody,
    app_id: Option<Uuid>,
    #[schema(value_type = Option<words::AppRole>)]
    app_role: Option<AppRole>,
}

/// Which invitations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct InvitationsQuery {
    /// Slug or id of the app that they lead to; all of the instance if absent, which takes `instance:admin`.
    app: Option<String>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl InvitationBody {
    fn of(invitation: Invitation, now: Timestamp) -> Self {
        let Invitation { id, note, role, app, app_role, created_by, created_at, expires_at, accepted_at, accepted_by, revoked_at } =
            invitation;
        let status = match (accepted_at, revoked_at) {
            (Some(_), _) => "accepted",
            (None, Some(_)) => "revoked",
            (None, None) if expires_at <= now => "expired",
            (None, None) => "pending",
        };
        Self {
            id: id.uuid(),
            note,
            status,
            role,
            app_id: app.map(Uuid::from),
            app_role,
            created_by: created_by.uuid(),
            created_at,
            expires_at,
            accepted_at,
            accepted_by: accepted_by.map(Uuid::from),
            revoked_at,
        }
    }
}

/// Lists invitations, oldest first, those that ended included.
#[utoipa::path(
    get, path = "/api/v1/admin/invitations", tag = "invitations",
    params(InvitationsQuery),
    responses((status = 200, body = Listing<InvitationBody>)),
)]
pub(super) async fn list_invitations(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Query(query): Query<InvitationsQuery>,
) -> Result<Json<Listing<InvitationBody>>, Problem> {
    let page = page(query.limit, query.cursor.as_deref());
    let invitations = match &query.app {
        Some(app) => caller.authorize::<action::MemberRead>(&state, &app_ref(app)).await?.invitations(page?).await?,
        None => caller.authorize_instance(&state, Action::AdminRead).await?.invitations(page?).await?,
    };
    let now = state.now();
    Ok(Json(Listing::of(invitations, |invitation| InvitationBody::of(invitation, now))))
}

/// Invites somebody. The answer is the only place where the token can be read.
#[utoipa::path(
    post, path = "/api/v1/admin/invitations", tag = "invitations",
    request_body = NewInvitationBody,
    responses((status = 201, body = CreatedInvitation)),
)]
pub(super) async fn create_invitation(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<NewInvitationBody>,
) -> Result<Response, Problem> {
    let role = body.role.unwrap_or(InstanceRole::Member);
    let app = match &body.app {
        Some(app) => Some(caller.authorize::<action::MemberWrite>(&state, &app_ref(app)).await?),
        None => None,
    };
    let instance = match (&app, role) {
        (Some(_), InstanceRole::Member) => None,
        _ => Some(caller.authorize_instance(&state, Action::AdminWrite).await?),
    };
    if body.app.is_some() != body.app_role.is_some() {
        return Err(Problem::invalid("/app_role", "`app` and `app_role` go together: give both, or none."));
    }
    check_name("/note", &body.note)?;
    let now = state.now();
    let expires_at = body.expires_at.unwrap_or(now + LIFETIME_MAX);
    if expires_at <= now || expires_at > now + LIFETIME_MAX {
        return Err(Problem::invalid("/expires_at", "An invitation expires in the future, at most 72 hours from now."));
    }
    let token_text = api_key::generate(Kind::Invitation).map_err(Problem::internal)?;
    let new = NewInvitation { token: Digest::from(token::digest(&token_text)), note: body.note, now, expires_at };
    let member = app.as_deref().zip(body.app_role);
    let made = match (instance, member) {
        (Some(instance), member) => instance.create_invitation(&new, role, member).await?,
        (None, Some((app, app_role))) => app.create_invitation(&new, app_role).await?,
        (None, None) => return Err(Problem::internal("an invitation to nothing")),
    };
    let tag = etag(made.revision(now).as_str());
    Ok((StatusCode::CREATED, tag, Json(CreatedInvitation { token: token_text, rest: InvitationBody::of(made, now) })).into_response())
}

/// One invitation, without its token.
#[utoipa::path(
    get, path = "/api/v1/admin/invitations/{id}", tag = "invitations",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = InvitationBody)),
)]
pub(super) async fn get_invitation(Shared(state): Shared<Arc<State>>, caller: Caller, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    let id = InvitationId::from(id);
    let found = match caller.authorize_either::<action::MemberRead>(&state, &AppRef::Invitation(id), Action::AdminRead).await? {
        Opened::App(app) => app.invitation(id).await?,
        Opened::Instance(instance) => instance.invitation(id).await?,
    };
    let (invitation, now) = (found.ok_or_else(|| Problem::not_found("invitation"))?, state.now());
    Ok((etag(invitation.revision(now).as_str()), Json(InvitationBody::of(invitation, now))).into_response())
}

/// Revokes an invitation that was not accepted.
#[utoipa::path(
    delete, path = "/api/v1/admin/invitations/{id}", tag = "invitations",
    params(IfMatch, ("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn revoke_invitation(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let id = InvitationId::from(id);
    let expected = if_match.revision()?.map(Revision::parse);
    let opened = caller.authorize_either::<action::MemberWrite>(&state, &AppRef::Invitation(id), Action::AdminWrite).await?;
    let revoked = match opened {
        Opened::App(app) => app.revoke_invitation(id, expected.as_ref(), state.now()).await?,
        Opened::Instance(instance) => instance.revoke_invitation(id, expected.as_ref(), state.now()).await?,
    };
    if revoked { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("pending invitation")) }
}

/// Accepts an invitation: makes the account, and the membership if it leads to an app. Who has an account already sends his own user
/// name and password, and becomes a member of the app. Attempts are counted like log-ins.
#[utoipa::path(
    post, path = "/api/v1/admin/invitations/accept", tag = "invitations",
    security(()),
    request_body = Acceptance,
    responses((status = 201, body = Accepted)),
)]
pub(super) async fn accept_invitation(
    Shared(state): Shared<Arc<State>>,
    client: Client,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
    Json(body): Json<Acceptance>,
) -> Result<Response, Problem> {
    refuse_cross_site(&Method::POST, &headers, &state, csrf::Credential::None)?;
    if !api_key::is_of(Kind::Invitation, &body.token) {
        return Err(over());
    }
    state.throttle.attempt(throttle::Network::of(client.address), state.now()).map_err(throttled)?;
    let token = Digest::from(token::digest(&body.token));
    let open = state.control.invitation(&token, state.now(), may_give).await?.ok_or_else(over)?;
    let username = username("/username", &body.username)?;
    let display_name = body.display_name.unwrap_or_else(|| username.clone());
    check_name("/display_name", &display_name)?;

    let joining = match state.control.login_facts(&username).await? {
        None => {
            let password_hash = hash_new(&state, "/password", body.password).await?;
            Joining::New(NewAdmin { username, display_name, password_hash, role: open.invitation().role, now: state.now() })
        }
        Some(facts) if open.invitation().app.is_some() && open.invitation().role == InstanceRole::Member => {
            let attempt = Attempt::count(&state, username, client.address).await?;
            Joining::Known(attempt.verify(&state, Some(facts), body.password).await?.ok_or_else(taken)?.admin)
        }
        Some(_) => return Err(taken()),
    };
    let (app_id, app_role) = (open.invitation().app.map(Uuid::from), open.invitation().app_role);
    let origin = Origin { ip: Some(client.address.to_string()), request_id: Some(request_id.0) };
    let accepted = open.accept(&joining, origin, state.now()).await.map_err(|error| match error {
        store::Error::Duplicate { what: store::Thing::Admin, .. } => taken(),
        other => other.into(),
    })?;
    let admin = AdminBody::of(accepted.ok_or_else(over)?);
    Ok((StatusCode::CREATED, Json(Accepted { admin, app_id, app_role })).into_response())
}

/// Whether the maker of an invitation may give now what it gives: the decision that he passed when he made it, once more.
fn may_give(maker: &AccessFacts, invitation: &Invitation) -> bool {
    let into_app = invitation.app.is_none() || may(maker, Action::MemberWrite, Target::App);
    let only_member = invitation.app.is_some() && invitation.role == InstanceRole::Member;
    let into_instance = only_member || may(maker, Action::AdminWrite, Target::Instance);
    let owner = invitation.role != InstanceRole::Owner || maker.instance_role == InstanceRole::Owner;
    into_app && into_instance && owner
}

/// 404: the same for every reason.
fn over() -> Problem {
    let detail = "This invitation does not exist, was accepted or revoked, has expired, or its maker may not give it any more. \
                  Ask for another one.";
    Problem::new(ProblemType::NotFound, detail)
}

/// 409.
fn taken() -> Problem {
    let message = "This user name is taken. Choose another; or, if it is yours and the invitation leads to an app, send your password.";
    let error = FieldError { pointer: Some("/username".to_owned()), message: message.to_owned(), ..FieldError::default() };
    Problem::new(ProblemType::NameTaken, message).with_error(error)
}
