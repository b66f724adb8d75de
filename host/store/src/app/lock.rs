//! The row of the app as a lock.

use sqlx::PgConnection;

use super::AppStore;
use crate::{Error, Result};

impl AppStore {
    /// Others that add or change what an app has a bounded number of wait until the transaction ends.
    ///
    /// # Errors
    /// [`Error::Missing`]: the app was deleted.
    pub(super) async fn lock_app(&self, connection: &mut PgConnection, operation: &'static str) -> Result<()> {
        let found = sqlx::query!("select from apps where id = $1 for no key update", self.app as _).fetch_optional(connection).await;
        found.map_err(Error::sql(operation))?.map(drop).ok_or_else(|| self.gone())
    }
}
