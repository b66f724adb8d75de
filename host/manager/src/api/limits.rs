//! `/api/v1/admin/limits`: every number that bounds an app.

use std::sync::Arc;

use axum::extract::State as Shared;
use execution::limits::{self, Ceilings, Limit, Scope};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    extract::{Caller, Json},
    words,
};
use crate::State;

/// One limit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LimitBody {
    name: &'static str,
    /// `execution` (each execution by itself) or `app` (all of an app together).
    #[schema(value_type = words::LimitScope)]
    scope: Scope,
    /// What an app has unless it was given another.
    default: u64,
    /// The least it can be given.
    floor: u64,
    /// The most it can be given in this instance.
    ceiling: u64,
    unit: &'static str,
    reason: &'static str,
}

/// All limits.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LimitsBody {
    items: Vec<LimitBody>,
}

impl LimitBody {
    fn of(limit: &Limit, ceilings: &Ceilings) -> Self {
        Self {
            name: limit.name,
            scope: limit.scope,
            default: ceilings.default_of(limit),
            floor: limit.floor,
            ceiling: ceilings.of(limit),
            unit: limit.unit,
            reason: limit.reason,
        }
    }
}

/// Lists the limits of executions and of apps, with their defaults and bounds in this instance.
#[utoipa::path(get, path = "/api/v1/admin/limits", tag = "limits", responses((status = 200, body = LimitsBody)))]
pub(super) async fn list_limits(Shared(state): Shared<Arc<State>>, _caller: Caller) -> Json<LimitsBody> {
    Json(LimitsBody { items: limits::all().map(|limit| LimitBody::of(limit, state.control.ceilings())).collect() })
}
