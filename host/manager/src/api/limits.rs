//! `/api/v1/admin/limits`: every number a script can hit.

use serde::Serialize;
use utoipa::ToSchema;

use super::extract::{Caller, Json};

/// One limit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LimitBody {
    name: &'static str,
    /// What an app has unless it was given another.
    default: u64,
    /// The most it can be given.
    ceiling: u64,
    unit: &'static str,
    reason: &'static str,
}

/// All limits of an execution.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LimitsBody {
    items: Vec<LimitBody>,
}

/// Lists the limits of an execution with their defaults and ceilings.
#[utoipa::path(get, path = "/api/v1/admin/limits", tag = "limits", responses((status = 200, body = LimitsBody)))]
pub(super) async fn list_limits(_caller: Caller) -> Json<LimitsBody> {
    let form = |limit: &execution::Limit| LimitBody {
        name: limit.name,
        default: limit.default,
        ceiling: limit.ceiling,
        unit: limit.unit,
        reason: limit.reason,
    };
    Json(LimitsBody { items: execution::limits::ALL.iter().map(form).collect() })
}
