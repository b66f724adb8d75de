//! `/api/v1/admin/domains`: host names that an app claims.

use std::sync::Arc;

use axum::{extract::State as Shared, response::IntoResponse};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Domain, DomainId, DomainKind, DomainStatus, NewDomain};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Caller, Json, OfDomain, Path, Query, action, app_ref},
    listing::{Listing, OfOneApp, page},
    problem::{FieldError, Problem, ProblemType},
    words,
};
use crate::{DomainProof, State, auth::token};

/// A claim.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDomainBody {
    /// Slug or id of the app.
    app: String,
    /// A host name, or `*.` and a host name for every name below it.
    #[schema(example = "shop.example.com")]
    host: String,
}

/// A claimed host name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DomainBody {
    id: Uuid,
    app_id: Uuid,
    /// Canonical; a wildcard begins with `*.`.
    host: String,
    /// `exact` or `wildcard`.
    #[schema(value_type = words::DomainKind)]
    kind: DomainKind,
    /// `pending` (serves nothing yet) or `verified`.
    #[schema(value_type = words::DomainStatus)]
    status: DomainStatus,
    /// The DNS record that proves a pending claim; null once it is verified.
    challenge: Option<Challenge>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    verified_at: Option<Timestamp>,
}

/// A DNS record to be made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Challenge {
    #[schema(example = "_picloud-challenge.shop.example.com")]
    name: String,
    /// `TXT`.
    r#type: String,
    value: String,
}

impl DomainBody {
    fn of(domain: Domain, app_id: Uuid) -> Self {
        let Domain { id, host, kind, status, challenge, created_at, verified_at } = domain;
        let record = Challenge { name: format!("_picloud-challenge.{host}"), r#type: "TXT".to_owned(), value: challenge };
        Self {
            id: id.uuid(),
            app_id,
            host: match kind {
                DomainKind::Exact => host,
                DomainKind::Wildcard => format!("*.{host}"),
            },
            kind,
            status,
            challenge: (status == DomainStatus::Pending).then_some(record),
            created_at,
            verified_at,
        }
    }
}

/// Lists an app's claims, oldest first.
#[utoipa::path(
    get, path = "/api/v1/admin/domains", tag = "domains",
    params(OfOneApp),
    responses((status = 200, body = Listing<DomainBody>)),
)]
pub(super) async fn list_domains(
    app: Authorized<action::DomainRead>,
    Query(query): Query<OfOneApp>,
) -> Result<Json<Listing<DomainBody>>, Problem> {
    let domains = app.domains(page(query.limit, query.cursor.as_deref())?).await?;
    Ok(Json(Listing::of(domains, |domain| DomainBody::of(domain, app.app_id().uuid()))))
}

/// Claims a host name. It serves once it is proved by DNS; on an instance that only this machine can reach, at once.
#[utoipa::path(
    post, path = "/api/v1/admin/domains", tag = "domains",
    request_body = NewDomainBody,
    responses((status = 201, body = DomainBody)),
)]
pub(super) async fn create_domain(
    Shared(state): Shared<Arc<State>>,
    caller: Caller,
    Json(body): Json<NewDomainBody>,
) -> Result<impl IntoResponse, Problem> {
    let app = caller.authorize::<action::DomainWrite>(&state, &app_ref(&body.app)).await?;
    let (host, kind) = claimable(&state, &body.host)?;
    let status = match state.domain_proof {
        DomainProof::NotOnLoopback => DomainStatus::Verified,
        DomainProof::DnsTxt => DomainStatus::Pending,
    };
    let challenge = token::session_token().map_err(Problem::internal)?;
    let claim = NewDomain { host, kind, status, challenge, now: state.now() };
    let domain = app.create_domain(&claim).await.map_err(taken)?;
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok((StatusCode::CREATED, Json(DomainBody::of(domain, app.app_id().uuid()))))
}

/// One claim.
#[utoipa::path(
    get, path = "/api/v1/admin/domains/{id}", tag = "domains",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DomainBody)),
)]
pub(super) async fn get_domain(app: Authorized<action::DomainRead, OfDomain>, Path(id): Path<Uuid>) -> Result<Json<DomainBody>, Problem> {
    let domain = app.domain(DomainId::from(id)).await?.ok_or_else(|| Problem::not_found("domain"))?;
    Ok(Json(DomainBody::of(domain, app.app_id().uuid())))
}

/// Looks for the proof of a pending claim.
#[utoipa::path(
    post, path = "/api/v1/admin/domains/{id}/verify", tag = "domains",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DomainBody)),
)]
pub(super) async fn verify_domain(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DomainWrite, OfDomain>,
    Path(id): Path<Uuid>,
) -> Result<Json<DomainBody>, Problem> {
    let domain = app.domain(DomainId::from(id)).await?.ok_or_else(|| Problem::not_found("domain"))?;
    if domain.status == DomainStatus::Pending && state.domain_proof == DomainProof::DnsTxt {
        let detail = format!("{} stays pending: this release can't look up the DNS proof yet; a later one will.", domain.host);
        return Err(Problem::new(ProblemType::DomainPending, detail));
    }
    let domain = match domain.status {
        DomainStatus::Verified => domain,
        DomainStatus::Pending => {
            let verified = app.verify_domain(domain.id, state.now()).await.map_err(taken)?.ok_or_else(|| Problem::not_found("domain"))?;
            state.data_plane.refresh(app.app_id().uuid()).await;
            verified
        }
    };
    Ok(Json(DomainBody::of(domain, app.app_id().uuid())))
}

/// Gives a claim up.
#[utoipa::path(
    delete, path = "/api/v1/admin/domains/{id}", tag = "domains",
    params(("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_domain(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DomainWrite, OfDomain>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    if !app.delete_domain(DomainId::from(id), state.now()).await? {
        return Err(Problem::not_found("domain"));
    }
    state.data_plane.refresh(app.app_id().uuid()).await;
    Ok(StatusCode::NO_CONTENT)
}

/// The canonical host and kind of a claim that an app may make at all (S-4.5, S-7.4).
fn claimable(state: &State, text: &str) -> Result<(String, DomainKind), Problem> {
    let (name, kind) = match text.strip_prefix("*.") {
        Some(name) => (name, DomainKind::Wildcard),
        None => (text, DomainKind::Exact),
    };
    let host = state.data_plane.canonical_host(name).map_err(|message| Problem::invalid("/host", message))?;
    let base = &state.base_domain;
    if state.instance_hosts.contains(&host) || host == *base || host.ends_with(&format!(".{base}")) {
        return Err(Problem::invalid("/host", format!("{host} belongs to the instance: apps answer at <slug>.{base} without a claim.")));
    }
    // Covering a public suffix, or the base domain, would cover other people's hosts.
    let covers = |other: &str| other == host || other.ends_with(&format!(".{host}"));
    if kind == DomainKind::Wildcard && (psl::suffix_str(&host) == Some(host.as_str()) || covers(base)) {
        return Err(Problem::invalid("/host", format!("*.{host} would cover hosts of others; claim a name below it.")));
    }
    Ok((host, kind))
}

fn taken(error: store::Error) -> Problem {
    let store::Error::Duplicate { name, .. } = &error else { return error.into() };
    let message = format!("{name} is claimed already, by this app or with a proof by another.");
    let error = FieldError { pointer: Some("/host".to_owned()), message: message.clone(), ..FieldError::default() };
    Problem::new(ProblemType::NameTaken, message).with_error(error)
}
