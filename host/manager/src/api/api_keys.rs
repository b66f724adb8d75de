//! `/api/v1/admin/api-keys`: credentials of programs. A person manages his own, those bound to an app that he administers, and as owner or
//! admin of the instance all. A key manages none.

use std::{net::IpAddr, sync::Arc};

use axum::{extract::State as Shared, response::IntoResponse};
use http::StatusCode;
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::{ApiKey, ApiKeyId, AppRef, Digest, KEY_NETWORKS_MAX, NewApiKey, Revision};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    authz::{Action, Scope, Scopes},
    extract::{Caller, IfMatch, Json, Opened, Path, Query, action, app_ref, etag, missing, present, session_only},
    listing::{Listing, check_name, page},
    problem::Problem,
};
use crate::{
    State,
    auth::{
        api_key::{self, Kind},
        token,
    },
};

/// How long a key lasts if its maker does not say (S-8.7).
const LIFETIME: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A new key.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKey {
    /// For its maker to know it by.
    name: String,
    /// What it is good for; at least one.
    #[schema(example = json!(["script:read", "script:write"]))]
    scopes: Vec<String>,
    /// Slug or id of the only app it is to reach; all that its maker reaches if absent.
    app: Option<String>,
    /// Addresses or networks (`203.0.113.7`, `10.0.0.0/8`, `2001:db8::/32`): it is good from these only. From anywhere if absent or empty.
    #[serde(default)]
    #[schema(example = json!(["203.0.113.0/24"]))]
    networks: Vec<String>,
    /// 90 days from now if absent; null: never.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Option<Timestamp>>,
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApiKeyBody {
    id: Uuid,
    name: String,
    /// How the key begins.
    prefix: String,
    /// How it ends.
    last4: String,
    scopes: Vec<String>,
    /// The only app it reaches; null for all that its maker reaches.
    app_id: Option<Uuid>,
    /// The only networks that it is good from; empty: from anywhere.
    networks: Vec<String>,
    /// The admin who made it: it may do no more than he may.
    created_by: Uuid,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// At most a minute late.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

/// A key as its maker sees it this once.
#[derive(Serialize, ToSchema)]
pub(super) struct NewKeyBody {
    /// The key itself. It is not stored and can't be shown again.
    #[schema(example = "pic_all_...")]
    key: String,
    #[serde(flatten)]
    rest: ApiKeyBody,
}

impl ApiKeyBody {
    fn of(key: ApiKey) -> Self {
        let ApiKey { id, name, prefix, last4, scopes, app, networks, created_by, created_at, expires_at, last_used_at, revoked_at } = key;
        Self {
            id: id.uuid(),
            name,
            prefix,
            last4,
            scopes,
            app_id: app.map(Uuid::from),
            networks,
            created_by: created_by.uuid(),
            created_at,
            expires_at,
            last_used_at,
            revoked_at,
        }
    }
}

/// Whose keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Makers {
    /// The caller's own.
    #[default]
    Me,
    /// Everybody's.
    Anybody,
}

/// Which keys.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct KeysQuery {
    /// Slug or id: the keys bound to this app, whoever made them. Takes `app:admin`.
    app: Option<String>,
    /// `me` if absent; `anybody` takes `instance:admin`.
    #[param(inline)]
    made_by: Option<Makers>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists keys, oldest first, revoked ones included: the caller's own, those bound to an app, or everybody's.
#[utoipa::path(
    get, path = "/api/v1/admin/api-keys", tag = "api-keys",
    params(KeysQuery),
    responses((status = 200, body = Listing<ApiKeyBody>)),
)]
pub(super) async fn list_api_keys(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Query(query): Query<KeysQuery>,
) -> Result<Json<Listing<ApiKeyBody>>, Problem> {
    session_only(&caller.principal)?;
    let page = page(query.limit, query.cursor.as_deref())?;
    let keys = match (&query.app, query.made_by) {
        (Some(app), None) => caller.authorize::<action::MemberRead>(&state, &app_ref(app)).await?.api_keys(page).await?,
        (Some(_), Some(_)) => return Err(Problem::invalid("?made_by", "Give `app` or `made_by`, not both.")),
        (None, Some(Makers::Anybody)) => caller.authorize_instance(&state, Action::AdminRead).await?.api_keys(page).await?,
        (None, Some(Makers::Me) | None) => state.control.own(&caller.principal).api_keys(page).await?,
    };
    Ok(Json(Listing::of(keys, ApiKeyBody::of)))
}

/// Makes a key. The answer is the only place where it can be read.
#[utoipa::path(
    post, path = "/api/v1/admin/api-keys", tag = "api-keys",
    request_body = NewKey,
    responses((status = 201, body = NewKeyBody)),
)]
pub(super) async fn create_api_key(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<NewKey>,
) -> Result<impl IntoResponse, Problem> {
    session_only(&caller.principal)?;
    check_name("/name", &body.name)?;
    let scopes = scopes(&body.scopes)?;
    let networks = networks(&body.networks)?;
    let now = state.now();
    let expires_at = body.expires_at.unwrap_or(Some(now + LIFETIME));
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Problem::invalid("/expires_at", "A key has to expire in the future."));
    }
    let app = match &body.app {
        Some(app) => Some(caller.authorize::<action::AppRead>(&state, &app_ref(app)).await?.app_id()),
        None => None,
    };
    // Use is decided anew each time by the maker's role then; this only refuses at once what could never work.
    if scopes.contains(Scope::InstanceAdmin) {
        if app.is_some() {
            return Err(Problem::invalid("/scopes", "A key bound to an app can't have instance:admin."));
        }
        if caller.whoami(&state).await?.instance_role == store::InstanceRole::Member {
            return Err(missing(Scope::InstanceAdmin));
        }
    }

    let key = api_key::generate(if app.is_some() { Kind::App } else { Kind::All }).map_err(Problem::internal)?;
    let new = NewApiKey {
        key: Digest::from(token::digest(&key)),
        name: body.name,
        prefix: api_key::prefix(&key).to_owned(),
        last4: api_key::last4(&key).to_owned(),
        scopes: scopes.iter().map(|scope| scope.word().to_owned()).collect(),
        app,
        networks,
        now,
        expires_at,
    };
    let made = state.control.own(&caller.principal).create_api_key(&new).await?;
    Ok((StatusCode::CREATED, etag(made.revision().as_str()), Json(NewKeyBody { key, rest: ApiKeyBody::of(made) })))
}

/// One key, without its secret: one's own, one bound to an app that one administers, or as owner or admin of the instance any.
#[utoipa::path(
    get, path = "/api/v1/admin/api-keys/{id}", tag = "api-keys",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = ApiKeyBody)),
)]
pub(super) async fn get_api_key(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<impl IntoResponse, Problem> {
    session_only(&caller.principal)?;
    let id = ApiKeyId::from(id);
    let mut found = state.control.own(&caller.principal).api_key(id).await?;
    if found.is_none() {
        found = match caller.authorize_either::<action::MemberRead>(&state, &AppRef::ApiKey(id), Action::AdminRead).await? {
            Opened::App(app) => app.api_key(id).await?,
            Opened::Instance(instance) => instance.api_key(id).await?,
        };
    }
    let key = found.ok_or_else(|| Problem::not_found("API key"))?;
    Ok((etag(key.revision().as_str()), Json(ApiKeyBody::of(key))))
}

/// Revokes a key, at once and everywhere: one's own, one bound to an app that one administers, or as owner or admin of the instance any.
#[utoipa::path(
    delete, path = "/api/v1/admin/api-keys/{id}", tag = "api-keys",
    params(IfMatch, ("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn revoke_api_key(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    session_only(&caller.principal)?;
    let (id, now) = (ApiKeyId::from(id), state.now());
    let expected = if_match.revision()?.map(Revision::parse);
    let mut revoked = state.control.own(&caller.principal).revoke_api_key(id, expected.as_ref(), now).await?;
    if revoked.is_none() {
        let opened = caller.authorize_either::<action::MemberWrite>(&state, &AppRef::ApiKey(id), Action::AdminWrite).await?;
        revoked = match opened {
            Opened::App(app) => app.revoke_api_key(id, expected.as_ref(), now).await?,
            Opened::Instance(instance) => instance.revoke_api_key(id, expected.as_ref(), now).await?,
        };
    }
    revoked.map(|_| StatusCode::NO_CONTENT).ok_or_else(|| Problem::not_found("API key"))
}

/// In the form in which the database compares them.
fn networks(texts: &[String]) -> Result<Vec<String>, Problem> {
    if texts.len() > KEY_NETWORKS_MAX {
        return Err(Problem::invalid("/networks", format!("A key is bound to at most {KEY_NETWORKS_MAX} networks.")));
    }
    let network = |(at, text): (usize, &String)| {
        let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        let message = "Write an address like 203.0.113.7 or a network like 10.0.0.0/8.";
        Ok(network.ok_or_else(|| Problem::invalid(&format!("/networks/{at}"), message))?.trunc().to_string())
    };
    texts.iter().enumerate().map(network).collect()
}

fn scopes(words: &[String]) -> Result<Scopes, Problem> {
    if words.is_empty() {
        return Err(Problem::invalid("/scopes", "A key needs at least one scope."));
    }
    if let Some(at) = words.iter().position(|word| Scope::parse(word).is_none()) {
        let known = Scope::ALL.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(", ");
        return Err(Problem::invalid(&format!("/scopes/{at}"), format!("There is no such scope. The scopes are: {known}.")));
    }
    Ok(Scopes::of_words(words.iter().map(String::as_str)))
}
