//! A fresh database per test, for the crates above (feature `testing`).

use crate::Store;

/// A migrated database of its own. It is dropped when the value is.
#[derive(Debug)]
pub struct Fresh {
    pub store: Store,
    url: String,
}

impl Fresh {
    /// Address of the database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Makes a database with a random name on the server of `DATABASE_URL` and migrates it.
///
/// # Panics
/// `DATABASE_URL` is not set (`cargo xtask test` sets it) or the server refuses: a test can't go on.
pub async fn fresh() -> Fresh {
    todo!()
}
