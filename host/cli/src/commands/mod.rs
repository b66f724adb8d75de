//! The commands: each is a file with its arguments and its work.

mod activate;
pub(crate) mod common;
mod completions;
mod confirmation;
mod context;
mod deploy;
mod deployments;
mod diff;
mod domains;
mod egress;
mod executions;
mod init;
mod invoke;
mod keys;
mod kv;
mod login;
mod logout;
mod logs;
mod lookup;
pub(crate) mod manifest;
mod members;
mod open;
mod pages;
pub(crate) mod place;
mod replay;
mod rollback;
mod routes;
mod secrets;
mod status;
mod whoami;

use std::process::ExitCode;

use crate::{environment::Environment, failure::Result, terminal::Terminal};

/// What the program does as a client of an instance.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Makes a project: a folder with a picloud.toml, to be run and deployed
    Init(init::InitArguments),
    /// Logs in at an instance and keeps an API key for the other commands
    Login(login::LoginArguments),
    /// Revokes the key that `login` has made, and forgets it
    Logout(logout::LogoutArguments),
    /// Tells who one is, and what one may do
    Whoami(whoami::WhoamiArguments),
    /// The instances that one is logged in at
    #[command(subcommand)]
    Context(context::ContextCommand),
    /// Deploys the project: the whole folder, all or nothing
    Deploy(deploy::DeployArguments),
    /// Shows what a deployment of the project would change
    Diff(diff::DiffArguments),
    /// Lists what was deployed when, newest first
    Deployments(deployments::DeploymentsArguments),
    /// Makes a deployment the one that runs
    Activate(activate::ActivateArguments),
    /// Goes back to an earlier deployment: the one that ran before, or the one of this number
    Rollback(rollback::RollbackArguments),
    /// What scripts know and nobody sees
    #[command(subcommand)]
    Secrets(secrets::SecretsCommand),
    /// What scripts keep, by keys
    #[command(subcommand)]
    Kv(kv::KvCommand),
    /// Host names of the app's own
    #[command(subcommand)]
    Domains(domains::DomainsCommand),
    /// Which requests reach what
    #[command(subcommand)]
    Routes(routes::RoutesCommand),
    /// What scripts may call
    #[command(subcommand)]
    Egress(egress::EgressCommand),
    /// Who works on the app
    #[command(subcommand)]
    Members(members::MembersCommand),
    /// Keys of programs, for the API
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Calls a script, without a route
    Invoke(invoke::InvokeArguments),
    /// Shows what scripts have logged, or follows it
    Logs(logs::LogsArguments),
    /// Lists what ran, newest first, or shows one run
    Executions(executions::ExecutionsArguments),
    /// Runs an execution again from its recording. Ends with 1 if it comes out otherwise
    Replay(replay::ReplayArguments),
    /// Opens the app in a browser
    Open(open::OpenArguments),
    /// Tells how the instance is, and what of the app is active
    Status(status::StatusArguments),
    /// Prints what makes a shell complete these commands
    Completions(completions::CompletionsArguments),
}

/// Runs a command to its end. `program` is the description of the whole program.
pub fn run(command: Command, environment: &Environment, program: clap::Command) -> ExitCode {
    let common = command.common();
    let terminal = Terminal::new(environment, common.json, common.verbose);
    match command.execute(environment, &terminal, program) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.tell(&terminal);
            ExitCode::from(failure.exit as u8)
        }
    }
}

impl Command {
    fn common(&self) -> common::Common {
        match self {
            Self::Init(arguments) => arguments.common.clone(),
            Self::Login(arguments) => arguments.common.clone(),
            Self::Logout(arguments) => arguments.common.clone(),
            Self::Whoami(arguments) => arguments.common.clone(),
            Self::Context(command) => command.common(),
            Self::Deploy(arguments) => arguments.of.common.clone(),
            Self::Diff(arguments) => arguments.of.common.clone(),
            Self::Deployments(arguments) => arguments.of.common.clone(),
            Self::Activate(arguments) => arguments.of.common.clone(),
            Self::Rollback(arguments) => arguments.of.common.clone(),
            Self::Secrets(command) => command.of().common.clone(),
            Self::Kv(command) => command.of().common.clone(),
            Self::Domains(command) => command.of().common.clone(),
            Self::Routes(command) => command.of().common.clone(),
            Self::Egress(command) => command.of().common.clone(),
            Self::Members(command) => command.of().common.clone(),
            Self::Keys(command) => command.common().clone(),
            Self::Invoke(arguments) => arguments.of.common.clone(),
            Self::Logs(arguments) => arguments.of.common.clone(),
            Self::Executions(arguments) => arguments.of.common.clone(),
            Self::Replay(arguments) => arguments.common.clone(),
            Self::Open(arguments) => arguments.of.common.clone(),
            Self::Status(arguments) => arguments.of.common.clone(),
            Self::Completions(_) => common::Common::default(),
        }
    }

    fn execute(self, environment: &Environment, terminal: &Terminal, program: clap::Command) -> Result<()> {
        match self {
            Self::Init(arguments) => init::run(&arguments, environment, terminal),
            Self::Login(arguments) => login::run(&arguments, environment, terminal),
            Self::Logout(arguments) => logout::run(&arguments, environment, terminal),
            Self::Whoami(arguments) => whoami::run(&arguments, environment, terminal),
            Self::Context(command) => context::run(&command, environment, terminal),
            Self::Deploy(arguments) => deploy::run(&arguments, environment, terminal),
            Self::Diff(arguments) => diff::run(&arguments, environment, terminal),
            Self::Deployments(arguments) => deployments::run(&arguments, environment, terminal),
            Self::Activate(arguments) => activate::run(&arguments, environment, terminal),
            Self::Rollback(arguments) => rollback::run(&arguments, environment, terminal),
            Self::Secrets(command) => secrets::run(&command, environment, terminal),
            Self::Kv(command) => kv::run(&command, environment, terminal),
            Self::Domains(command) => domains::run(&command, environment, terminal),
            Self::Routes(command) => routes::run(&command, environment, terminal),
            Self::Egress(command) => egress::run(&command, environment, terminal),
            Self::Members(command) => members::run(&command, environment, terminal),
            Self::Keys(command) => keys::run(&command, environment, terminal),
            Self::Invoke(arguments) => invoke::run(&arguments, environment, terminal),
            Self::Logs(arguments) => logs::run(&arguments, environment, terminal),
            Self::Executions(arguments) => executions::run(&arguments, environment, terminal),
            Self::Replay(arguments) => replay::run(&arguments, environment, terminal),
            Self::Open(arguments) => open::run(&arguments, environment, terminal),
            Self::Status(arguments) => status::run(&arguments, environment, terminal),
            Self::Completions(arguments) => completions::run(&arguments, terminal, program),
        }
    }
}
