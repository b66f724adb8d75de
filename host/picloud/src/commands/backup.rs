//! `picloud backup` and `picloud restore`.

use std::{io::Write as _, path::PathBuf};

use anyhow::Context as _;

use crate::{
    backup,
    config::{Arguments, Config},
    telling,
};

#[derive(Debug, clap::Args)]
pub(crate) struct BackupArguments {
    /// The archive that is made, or a directory for it
    target: PathBuf,
    #[command(flatten)]
    arguments: Arguments,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArguments {
    /// The archive
    backup: PathBuf,
    /// Try it out in a place of its own, which goes again, and change nothing
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    arguments: Arguments,
}

pub(crate) fn make(BackupArguments { target, arguments }: BackupArguments) -> anyhow::Result<()> {
    let config = read(arguments)?;
    let made = block_on(backup::make(&config, &target))?;
    // For scripts: the one line on standard output.
    writeln!(std::io::stdout(), "{}", made.display()).context("could not print the name of the backup")
}

pub(crate) fn restore(RestoreArguments { backup, verify, arguments }: RestoreArguments) -> anyhow::Result<()> {
    let config = read(arguments)?;
    if verify { block_on(backup::verify(&config, &backup)) } else { block_on(backup::restore(&config, &backup)) }
}

fn read(arguments: Arguments) -> anyhow::Result<Config> {
    let config = Config::read(arguments)?;
    telling::start_logging(&config.log)?;
    Ok(config)
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().context("could not start a thread")?;
    runtime.block_on(work)
}
