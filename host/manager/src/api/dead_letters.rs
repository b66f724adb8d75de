//! `/api/v1/admin/dead-letters`: jobs whose attempts have all failed. They stay until somebody runs them again or removes them.

use std::sync::Arc;

use axum::{extract::State as Shared, response::Response};
use http::StatusCode;
use store::{JobId, Revision};
use uuid::Uuid;

use super::{
    extract::{Authorized, IfMatch, Json, OfDeadLetter, Path, Query, action},
    listing::{Listing, OfOneApp, page},
    problem::Problem,
    queue::{JobBody, answer},
};
use crate::State;

/// Lists the dead letters of an app, oldest first.
#[utoipa::path(
    get, path = "/api/v1/admin/dead-letters", tag = "queue",
    params(OfOneApp),
    responses((status = 200, body = Listing<JobBody>)),
)]
pub(super) async fn list_dead_letters(
    app: Authorized<action::DataRead>,
    Query(query): Query<OfOneApp>,
) -> Result<Json<Listing<JobBody>>, Problem> {
    let jobs = app.jobs(true, page(query.limit, query.cursor.as_deref())?).await?;
    Ok(Json(Listing::of(jobs, |job| JobBody::listed(job, app.app_id().uuid()))))
}

/// One dead letter.
#[utoipa::path(
    get, path = "/api/v1/admin/dead-letters/{id}", tag = "queue",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = JobBody)),
)]
pub(super) async fn get_dead_letter(app: Authorized<action::DataRead, OfDeadLetter>, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    let job = app.job(JobId::from(id), true).await?.ok_or_else(|| Problem::not_found("dead letter"))?;
    answer(job, app.app_id().uuid())
}

/// Removes a dead letter.
#[utoipa::path(
    delete, path = "/api/v1/admin/dead-letters/{id}", tag = "queue",
    params(IfMatch, ("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub(super) async fn delete_dead_letter(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::DataWrite, OfDeadLetter>,
    Path(id): Path<Uuid>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let expected = if_match.revision()?.map(Revision::parse);
    match app.delete_job(JobId::from(id), true, expected.as_ref(), state.now()).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("dead letter")),
    }
}

/// Makes a job of a dead letter again, with its id and all its attempts, by the code that is active now.
#[utoipa::path(
    post, path = "/api/v1/admin/dead-letters/{id}/replay", tag = "queue",
    params(("id" = Uuid, Path)),
    responses((status = 200, body = JobBody)),
)]
pub(super) async fn replay_dead_letter(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::JobRun, OfDeadLetter>,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let job = app.replay_dead_letter(JobId::from(id), state.now()).await?;
    state.data_plane.wake_queue();
    answer(job.ok_or_else(|| Problem::not_found("dead letter"))?, app.app_id().uuid())
}
