//! The writing side of executions and logs: batches in, old days out.

mod append;
mod maintain;
mod partition;
pub(crate) mod recordings;
mod stop_split;

pub use append::{NewExecution, NewLog, NewRecording};
pub(crate) use append::{insert_executions, lacks_partition};
pub use maintain::{Maintained, Retention};
pub(crate) use partition::day_of;

use std::sync::Arc;

use vault::Vault;

/// Where executions and logs are written. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Runs {
    pub(crate) data: sqlx::PgPool,
    pub(crate) control: sqlx::PgPool,
    /// Seals recordings; `None`: there are none.
    pub(crate) vault: Option<Arc<Vault>>,
}
