//! `/api/v1/admin/domains`: host names that an app claims.

use std::sync::Arc;

use axum::{extract::State as Shared, response::IntoResponse};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::{AppStore, Domain, DomainEvidence, DomainId, DomainKind, DomainStatus, NewDomain, Revision};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    extract::{Authorized, Caller, IfMatch, Json, OfDomain, Path, Query, action, app_ref, etag},
    listing::{Listing, OfOneApp, page},
    lookalike,
    problem::{FieldError, Problem, ProblemType},
    words,
};
use crate::{DomainProof, State, auth::token};

/// One claim is looked at no more often than this on request.
const CHECK_PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// Ends of names that no public DNS can prove (S-7.4).
const NEVER_PUBLIC: [&str; 3] = ["internal", "local", "localhost"];

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
    /// `pending` (serves nothing yet), `verified`, `suspended` (the record was gone for a week: serves nothing until it is back) or
    /// `superseded` (another app proved the host later).
    #[schema(value_type = words::DomainStatus)]
    status: DomainStatus,
    /// The DNS record that proves the claim, and has to stay; null where no proof is asked for.
    challenge: Option<Challenge>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was first proved.
    #[schema(value_type = Option<String>, format = DateTime)]
    verified_at: Option<Timestamp>,
    /// When the record was last looked for.
    #[schema(value_type = Option<String>, format = DateTime)]
    checked_at: Option<Timestamp>,
    /// What came of it: a sentence. It also says why a claim is `suspended` or `superseded`.
    check_result: Option<String>,
    /// Since when a proved domain's record is not there. After seven days it is suspended.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Timestamp>,
    /// When it is looked for again by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_check_at: Option<Timestamp>,
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
        let Domain { id, host, kind, status, challenge, created_at, verified_at, checked_at, check_result, failing_since, next_check_at } =
            domain;
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
            challenge: (status != DomainStatus::Verified || next_check_at.is_some()).then_some(record),
            created_at,
            verified_at,
            checked_at,
            check_result,
            failing_since,
            next_check_at,
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
    Ok((StatusCode::CREATED, answer(domain, app.app_id().uuid())))
}

/// One claim.
#[utoipa::path(
    get, path = "/api/v1/admin/domains/{id}", tag = "domains",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DomainBody)),
)]
pub(super) async fn get_domain(app: Authorized<action::DomainRead, OfDomain>, Path(id): Path<Uuid>) -> Result<impl IntoResponse, Problem> {
    let domain = app.domain(DomainId::from(id)).await?.ok_or_else(|| Problem::not_found("domain"))?;
    Ok(answer(domain, app.app_id().uuid()))
}

/// Looks for the proof of a claim, now. Proved: the claim, which serves within a second. Not proved: 409, which says what was looked up
/// and what was found. Where another app proved the host before, the newer proof wins.
#[utoipa::path(
    post, path = "/api/v1/admin/domains/{id}/verify", tag = "domains",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = DomainBody)),
)]
pub(super) async fn verify_domain(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DomainWrite, OfDomain>,
    Path(id): Path<Uuid>,
) -> Result<impl IntoResponse, Problem> {
    let domain = app.domain(DomainId::from(id)).await?.ok_or_else(|| Problem::not_found("domain"))?;
    let app_id = app.app_id().uuid();
    if domain.status == DomainStatus::Verified {
        return Ok(answer(domain, app_id));
    }
    let evidence = match state.domain_proof {
        DomainProof::NotOnLoopback => DomainEvidence::NotNeeded,
        DomainProof::DnsTxt => look(&state, &app, &domain).await?,
    };
    let domain = app.verify_domain(domain.id, evidence, state.now()).await.map_err(taken)?.ok_or_else(|| Problem::not_found("domain"))?;
    state.data_plane.refresh(app_id).await;
    Ok(answer(domain, app_id))
}

fn answer(domain: Domain, app: Uuid) -> impl IntoResponse + use<> {
    (etag(domain.revision().as_str()), Json(DomainBody::of(domain, app)))
}

/// Asks the resolvers for the record of a claim.
async fn look(state: &State, app: &AppStore, domain: &Domain) -> Result<DomainEvidence, Problem> {
    if let Some(wait) = domain.checked_at.map(|at| CHECK_PAUSE - state.now().duration_since(at)).filter(|wait| wait.is_positive()) {
        let detail = "This claim was looked at a moment ago; DNS takes longer than that to change.";
        return Err(Problem::new(ProblemType::Throttled, detail).with_retry_after(wait.as_secs() + 1));
    }
    let evidence = state.resolvers.look_for_proof(&domain.host).await;
    if evidence.proves(&domain.challenge) {
        return Ok(DomainEvidence::Dns);
    }
    let found = evidence.to_string();
    app.note_domain_check(domain.id, &found, state.now()).await?;
    let wanted = format!("{found} Make a TXT record at {} with the value \"{}\" and try again.", evidence.name, domain.challenge);
    Err(Problem::new(ProblemType::DomainPending, wanted))
}

/// Gives a claim up.
#[utoipa::path(
    delete, path = "/api/v1/admin/domains/{id}", tag = "domains",
    params(IfMatch, ("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_domain(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DomainWrite, OfDomain>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    if !app.delete_domain(DomainId::from(id), expected.as_ref(), state.now()).await? {
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
    if let Some(own) = lookalike::of_host(state, &host) {
        return Err(Problem::invalid(
            "/host",
            format!("{host} is below {own} or reads like it, which belongs to the instance; claim another name."),
        ));
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    if state.domain_proof == DomainProof::DnsTxt
        && (NEVER_PUBLIC.contains(&last) || last == host || host.split('.').any(|label| label.starts_with('_')))
    {
        return Err(Problem::invalid("/host", format!("{host} can't be proved by public DNS; claim a name that you registered.")));
    }
    if psl::suffix_str(&host) == Some(host.as_str()) && host.contains('.') {
        return Err(Problem::invalid("/host", format!("{host} is a public suffix: names below it belong to many; claim one of them.")));
    }
    // Covering a public suffix, or the base domain, would cover other people's hosts.
    let covers = |other: &str| other == host || other.ends_with(&format!(".{host}"));
    if kind == DomainKind::Wildcard
        && (psl::suffix_str(&host) == Some(host.as_str()) || covers(base) || state.instance_hosts.iter().any(|own| covers(own)))
    {
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
