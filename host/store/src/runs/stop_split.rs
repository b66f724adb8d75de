//! The one thing that the data plane itself decides about an app: that a split has to stop.

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::Runs;
use crate::{
    AdminId, AppId, Error, Principal, Result,
    access::Credential,
    app::split,
    audit::{Subject, Watched},
    listen::notify_app,
};

impl Runs {
    /// Ends this split, if it still runs, for the reason given: one sentence. Every node hears of it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn stop_split(&self, app: AppId, id: Uuid, because: &str, now: Timestamp) -> Result<()> {
        const OPERATION: &str = "stop split";
        let mut transaction = self.control.begin().await.map_err(Error::sql(OPERATION))?;
        let watched = Watched::before(&mut transaction, Subject::Split(app)).await?;
        let ended = split::end(&mut transaction, app, Some(id), because, now).await.map_err(Error::sql(OPERATION))?;
        let Some(ended) = ended else { return Ok(()) };
        notify_app(&mut transaction, app).await.map_err(Error::sql(OPERATION))?;
        // Nobody did it: the instance itself.
        let nobody = Principal::new(AdminId::from(Uuid::nil()), Credential::Setup);
        watched.record(&mut transaction, &nobody, Some(app), "split.stopped", json!({ "target": ended, "because": because }), now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))
    }
}
