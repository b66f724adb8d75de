//! What has to be done now and then: partitions for the days to come, and trimming of the days gone by; counters of log-ins; keys that have
//! expired, of `kv` and of repeated requests; the bytes of files and assets that nothing needs any more.

use std::time::Duration;

use store::{Control, Data, Retention, Runs};

use crate::clock;

/// Tomorrow's partition is made a day ahead, so that this interval only decides how soon too much is noticed.
const INTERVAL: Duration = Duration::from_secs(300);

/// Runs until it is dropped.
pub(crate) async fn run(runs: Runs, retention: Retention, control: Control, data: Data) {
    loop {
        tokio::time::sleep(INTERVAL).await;
        match runs.maintain(clock::now(), retention).await {
            Ok(done) if done.dropped > 0 || done.deleted > 0 => tracing::info!(?done, "trimmed executions and logs"),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "executions and logs were not trimmed; trying again later")
            }
        }
        if let Err(error) = control.sweep_log_ins(clock::now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "old failures of log-ins were not swept; trying again later");
        }
        if let Err(error) = data.sweep_expired(clock::now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "expired keys were not removed; trying again later");
        }
        match data.sweep_blobs(clock::now()).await {
            // Without a directory there is nothing in it.
            Ok(_) | Err(store::Error::NoFiles) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "bytes of files were not swept; trying again later");
            }
        }
        match data.sweep_assets(clock::now()).await {
            Ok(_) | Err(store::Error::NoFiles) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "bytes of assets were not swept; trying again later");
            }
        }
        if let Err(error) = data.sweep_messages().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "old messages were not swept; trying again later");
        }
        if let Err(error) = data.forget_schedule_runs().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "old runs of schedules were not forgotten; trying again later");
        }
        if let Err(error) = control.sweep_claims(clock::now()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "old idempotency keys were not swept; trying again later");
        }
    }
}
