//! The commands of the program.

mod admin;
mod backup;
mod config;
mod dev;
mod doctor;
#[cfg(test)]
mod reference;
mod serve;
mod version;

use std::process::ExitCode;

use clap::CommandFactory as _;

use crate::config::{self as settings, Arguments};

/// A self-hosted, event-driven serverless platform: upload a Rhai script, get an HTTP endpoint.
#[derive(Debug, clap::Parser)]
#[command(name = "picloud", version, propagate_version = true, max_term_width = 110)]
pub(crate) enum Command {
    /// Runs the instance until it is told to stop (Ctrl-C or SIGTERM)
    Serve(Arguments),
    /// Accounts, from the machine itself
    #[command(subcommand)]
    Admin(admin::AdminCommand),
    /// The configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Makes one archive with everything but the master keys, while the instance runs or while it does not
    Backup(Box<backup::BackupArguments>),
    /// Puts a backup back where nothing is, or tries out whether that would work
    Restore(Box<backup::RestoreArguments>),
    /// Looks for what keeps an instance from working well; changes nothing. Ends with 1 if something is wrong
    Doctor(Box<doctor::DoctorArguments>),
    /// Runs the project in this folder on this machine, live at every save
    Dev(dev::DevArguments),
    /// Versions of everything that has one
    Version,
    /// As a client of an instance, here or elsewhere
    #[command(flatten)]
    Client(cli::Command),
}

/// Runs one command to its end.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Client(command) => return Ok(cli::run(command, &settings::client_environment()?, Command::command())),
        Command::Dev(arguments) => return dev::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Admin(command) => admin::run(command),
        Command::Config(command) => config::run(command),
        Command::Backup(arguments) => backup::make(*arguments),
        Command::Restore(arguments) => backup::restore(*arguments),
        Command::Doctor(arguments) => doctor::run(*arguments),
        Command::Version => version::run(),
    }?;
    Ok(ExitCode::SUCCESS)
}
