//! Whether what was restored can be run: the sandbox is started, and every script of what is active is compiled for it, as a start does.
//!
//! Nothing is run: a script may call other servers, and a trial must not.

use std::path::Path;

use anyhow::Context as _;
use executor::Executor;
use store::Store;

use crate::{boot, config::Config};

/// How many scripts are ready to run.
pub(super) async fn compile(config: &Config, store: &Store, directory: &Path) -> anyhow::Result<usize> {
    store.migrate().await.context("could not bring the restored database's schema up to date")?;
    let settings = executor::Settings { cache_dir: directory.join("cache"), concurrency: 1, compilations: 1 };
    let executor = Executor::start(&settings).await.context("could not start the executor")?;
    let orchestrator = boot::load_for_a_trial(config, store, &executor).await?;
    let broken = orchestrator.broken_scripts();
    let names: Vec<String> = broken.iter().map(|(app, script)| format!("{script} of {app}")).collect();
    anyhow::ensure!(
        names.is_empty(),
        "the backup is whole, but this PiCloud can't compile these scripts: {}; deploy them mended where the backup was made, or restore it with the \
         version that made it",
        names.join(", ")
    );
    Ok(orchestrator.summary().scripts)
}
