//! `POST /api/v1/admin/scripts/{id}/test`: a script called as a visitor would, and everything that came of it as data: for the dashboard, where what an app answers
//! must never be a page of the instance's host.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State as Shared;
use execution::{Failure, HttpRequest, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    execute::{failed, nothing_ran},
    executions::FrameBody,
    extract::{Authorized, Client, Json, OfScript, Path, action},
    problem::Problem,
    replay::{AnswerBody, ReplayLogBody},
};
use crate::State;

/// The request that the script is to see.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TestPost {
    /// `GET` if absent.
    #[schema(example = "POST")]
    method: Option<String>,
    /// `/` if absent.
    #[schema(example = "/orders")]
    path: Option<String>,
    /// What the route would find in the path.
    #[serde(default)]
    params: BTreeMap<String, String>,
    #[serde(default)]
    #[schema(example = json!({ "page": "2" }))]
    query: BTreeMap<String, String>,
    #[serde(default)]
    #[schema(example = json!({ "content-type": "application/json" }))]
    headers: BTreeMap<String, String>,
    /// As text.
    #[schema(example = "{\"item\": \"pear\"}")]
    body: Option<String>,
}

/// What came of it. It is not kept: the execution is, like any other.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TestBody {
    /// What a visitor would have got; of a failure, its status alone.
    answer: AnswerBody,
    execution: TestedBody,
}

/// The execution behind it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TestedBody {
    id: Uuid,
    /// `ok`, or the kind of failure.
    outcome: String,
    /// Why it failed; null if it did not.
    message: Option<String>,
    /// The failing place, then the calls that led to it.
    trace: Vec<FrameBody>,
    fuel_used: u64,
    memory_peak_bytes: u64,
    wall_us: u64,
    host_calls: u32,
    logs: Vec<ReplayLogBody>,
    /// Lines beyond the limit.
    logs_dropped: u64,
}

/// Runs the active version of a script once, with a request that is told and not made. It has the app's real data, and what it does is done.
#[utoipa::path(
    post, path = "/api/v1/admin/scripts/{id}/test", tag = "scripts",
    params(("id" = Uuid, Path)),
    request_body = TestPost,
    responses((status = 200, body = TestBody)),
)]
pub(super) async fn test_script(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::ScriptTest, OfScript>,
    client: Client,
    Path(id): Path<Uuid>,
    Json(body): Json<TestPost>,
) -> Result<Json<TestBody>, Problem> {
    let request = body.into_request(&state, &client)?;
    match state.data_plane.invoke(id, request).await {
        Ok(invoked) => Ok(Json(TestBody::of(invoked.execution_id, invoked.outcome))),
        Err(error) => Err(nothing_ran(&app, id, error).await),
    }
}

impl TestPost {
    fn into_request(self, state: &State, client: &Client) -> Result<HttpRequest, Problem> {
        let method = self.method.unwrap_or_else(|| "GET".to_owned());
        let path = self.path.unwrap_or_else(|| "/".to_owned());
        if http::Method::from_bytes(method.as_bytes()).is_err() {
            return Err(Problem::invalid("/method", "This is not a method of HTTP."));
        }
        if !path.starts_with('/') || path.contains(['?', '#']) {
            return Err(Problem::invalid("/path", "A path begins with `/`; what follows a `?` belongs into `query`."));
        }
        Ok(HttpRequest {
            method,
            path,
            params: self.params.into_iter().collect(),
            query: self.query.into_iter().collect(),
            headers: self.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
            host: state.instance_hosts.first().cloned().unwrap_or_default(),
            scheme: state.scheme().to_owned(),
            client_ip: client.address.to_string(),
            body: self.body.unwrap_or_default().into_bytes(),
        })
    }
}

impl TestBody {
    fn of(id: Uuid, outcome: Outcome) -> Self {
        let word = outcome.word().to_owned();
        let Outcome { result, usage, logs, .. } = outcome;
        let (answer, message, trace) = match result {
            Ok(response) => (AnswerBody::of(response), None, Vec::new()),
            Err(failure) => {
                let answer = AnswerBody::of_status(failed(&failure, id).kind().status().as_u16());
                let Failure { message, trace, .. } = failure;
                (answer, Some(message), trace.into_iter().map(FrameBody::of).collect())
            }
        };
        let execution = TestedBody {
            id,
            outcome: word,
            message,
            trace,
            fuel_used: usage.fuel_used,
            memory_peak_bytes: usage.memory_peak_bytes,
            wall_us: usage.wall_us,
            host_calls: usage.host_calls,
            logs: logs.lines.into_iter().map(ReplayLogBody::of).collect(),
            logs_dropped: logs.dropped,
        };
        Self { answer, execution }
    }
}
