//! `/api/v1/admin/usage`: what an app's executions came to, as a series of steps.

use std::{collections::BTreeMap, sync::Arc};

use axum::extract::State as Shared;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{UsagePoint, UsageQuery};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    extract::{Authorized, InQuery, Json, Query, action},
    problem::Problem,
};
use crate::State;

/// Steps of one answer: a day of minutes.
const POINTS_MAX: i64 = 1_500;
/// Steps if neither end is given.
const POINTS_DEFAULT: i64 = 24;

/// How long a step is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(super) enum Step {
    #[serde(rename = "1m")]
    Minute,
    #[serde(rename = "5m")]
    FiveMinutes,
    #[default]
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "1d")]
    Day,
}

impl Step {
    fn seconds(self) -> u32 {
        match self {
            Self::Minute => 60,
            Self::FiveMinutes => 300,
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
}

/// Which series.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UsageParameters {
    /// Slug or id of the app.
    #[serde(rename = "app")]
    #[param(required = true)]
    _app: Option<String>,
    /// From then on, begun steps included; 24 steps before `to` if absent.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Until then, begun steps included; now if absent.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// `1m`, `5m`, `1h` or `1d`, in UTC; an hour if absent. At most 1,500 of them in one answer.
    step: Option<Step>,
}

/// The series.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UsageBody {
    app_id: Uuid,
    /// The beginning of the first step.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// The end of the last step.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    step: Step,
    /// All steps, oldest first; those in which nothing ran have zeros.
    items: Vec<UsageStep>,
}

/// One step.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct UsageStep {
    /// Its beginning.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Executions that began in it.
    executions: u64,
    /// Of them, those that requests caused; others are jobs, and tests.
    requests: u64,
    /// Executions by outcome: `ok`, `error`, `deadline` and so on; those that there were.
    outcomes: BTreeMap<String, u64>,
    /// Executions that ended neither `ok` nor `cancelled`.
    failures: u64,
    /// Instructions of all executions together; of those that were run again, the last time.
    fuel_used: u64,
    /// The largest memory of an execution.
    memory_peak_bytes: u64,
    /// Microseconds in the sandbox that half of the executions did not exceed, within 2.5 %; null if there were none.
    wall_us_p50: Option<u64>,
    wall_us_p95: Option<u64>,
    wall_us_p99: Option<u64>,
}

impl From<UsagePoint> for UsageStep {
    fn from(point: UsagePoint) -> Self {
        let UsagePoint { at, executions, requests, outcomes, fuel_used, memory_peak_bytes, wall_us } = point;
        let other: u64 = ["ok", "cancelled"].iter().filter_map(|outcome| outcomes.get(*outcome)).sum();
        let [wall_us_p50, wall_us_p95, wall_us_p99] = wall_us.map_or([None; 3], |shares| shares.map(Some));
        let failures = executions.saturating_sub(other);
        Self { at, executions, requests, outcomes, failures, fuel_used, memory_peak_bytes, wall_us_p50, wall_us_p95, wall_us_p99 }
    }
}

/// What an app's executions came to, step by step: how many, how they ended, what they used. As far back as executions are kept.
#[utoipa::path(
    get, path = "/api/v1/admin/usage", tag = "usage",
    params(UsageParameters),
    responses((status = 200, body = UsageBody)),
)]
pub(super) async fn get_usage(
    Shared(state): Shared<Arc<State>>,
    app: Authorized<action::LogRead, InQuery>,
    Query(parameters): Query<UsageParameters>,
) -> Result<Json<UsageBody>, Problem> {
    let step = parameters.step.unwrap_or_default();
    let query = whole_steps(parameters.from, parameters.to, state.now(), step)?;
    let busy = || Problem::unavailable("Others look at as much just now. Try again, or ask for a shorter time.", "no turn for usage");
    let _turn = state.usage_turns.take().await.ok_or_else(busy)?;
    let mut points = app.usage(query).await?.into_iter().peekable();
    let begin = query.from.as_second();
    let items = (begin..query.to.as_second()).step_by(step.seconds() as usize).filter_map(|second| {
        let at = Timestamp::from_second(second).ok()?;
        Some(points.next_if(|point| point.at == at).map_or_else(|| UsageStep { at, ..UsageStep::default() }, UsageStep::from))
    });
    let items = items.collect();
    Ok(Json(UsageBody { app_id: app.app_id().uuid(), from: query.from, to: query.to, step, items }))
}

/// The time in whole steps, which begin where those of UTC do.
fn whole_steps(from: Option<Timestamp>, to: Option<Timestamp>, now: Timestamp, step: Step) -> Result<UsageQuery, Problem> {
    let length = i64::from(step.seconds());
    // Up to the end of the step that `to` lies in, unless it is the beginning of one; what runs now is in the present step in any case.
    let begun = to.is_none_or(|to| to.as_second().rem_euclid(length) != 0 || to.subsec_nanosecond() != 0);
    let end = to.unwrap_or(now).as_second().div_euclid(length) + i64::from(begun);
    let begin = from.map_or(end - POINTS_DEFAULT, |from| from.as_second().div_euclid(length));
    if begin >= end {
        return Err(Problem::invalid("?from", "The beginning must lie before the end (`to`, or now)."));
    }
    if end - begin > POINTS_MAX {
        let count = end - begin;
        return Err(Problem::invalid(
            "?step",
            format!("These are {count} steps, and one answer has at most {POINTS_MAX}: take longer steps, or less time."),
        ));
    }
    let at = |steps: i64, name| Timestamp::from_second(steps * length).map_err(|_| Problem::invalid(name, "The time is out of range."));
    Ok(UsageQuery { from: at(begin, "?from")?, to: at(end, "?to")?, step_seconds: step.seconds() })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn begun_steps_are_whole() {
        let time = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        let now = time("2026-03-30T08:30:15.5Z").unwrap();
        let steps = |from: Option<&str>, to: Option<&str>, step| {
            let query = whole_steps(from.and_then(time), to.and_then(time), now, step).map_err(|problem| problem.kind().slug())?;
            Ok::<_, &str>((query.from.to_string(), query.to.to_string()))
        };
        let expected = |from: &str, to: &str| Ok((from.to_owned(), to.to_owned()));
        assert_eq!(steps(None, None, Step::Hour), expected("2026-03-29T09:00:00Z", "2026-03-30T09:00:00Z"));
        assert_eq!(steps(Some("2026-03-30T08:00:00Z"), None, Step::Minute), expected("2026-03-30T08:00:00Z", "2026-03-30T08:31:00Z"));
        // At the very beginning of a step, it has begun.
        let sharp = whole_steps(None, None, time("2026-03-30T09:00:00Z").unwrap(), Step::Hour).unwrap();
        assert_eq!(sharp.to.to_string(), "2026-03-30T10:00:00Z");
        let (from, to) = (Some("2026-03-01T00:00:01Z"), Some("2026-03-03T00:00:00Z"));
        assert_eq!(steps(from, to, Step::Day), expected("2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z"));
        // A day of minutes and an hour; a minute more.
        assert!(steps(Some("2026-03-30T00:00:00Z"), Some("2026-03-31T01:00:00Z"), Step::Minute).is_ok());
        for (from, to) in [("2026-03-30T00:00:00Z", "2026-03-31T01:01:00Z"), ("2026-03-31T00:00:00Z", "2026-03-31T00:00:00Z")] {
            assert_eq!(steps(Some(from), Some(to), Step::Minute), Err("request.invalid"));
        }
    }
}
