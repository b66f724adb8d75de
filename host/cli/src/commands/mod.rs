//! The commands: each is a file with its arguments and its work.

mod common;
mod completions;
mod context;
mod login;
mod logout;
mod whoami;

use std::process::ExitCode;

use crate::{environment::Environment, failure::Result, terminal::Terminal};

/// What the program does as a client of an instance.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Logs in at an instance and keeps an API key for the other commands
    Login(login::LoginArguments),
    /// Revokes the key that `login` has made, and forgets it
    Logout(logout::LogoutArguments),
    /// Tells who one is, and what one may do
    Whoami(whoami::WhoamiArguments),
    /// The instances that one is logged in at
    #[command(subcommand)]
    Context(context::ContextCommand),
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
            Self::Login(arguments) => arguments.common.clone(),
            Self::Logout(arguments) => arguments.common.clone(),
            Self::Whoami(arguments) => arguments.common.clone(),
            Self::Context(command) => command.common(),
            Self::Completions(_) => common::Common::default(),
        }
    }

    fn execute(self, environment: &Environment, terminal: &Terminal, program: clap::Command) -> Result<()> {
        match self {
            Self::Login(arguments) => login::run(&arguments, environment, terminal),
            Self::Logout(arguments) => logout::run(&arguments, environment, terminal),
            Self::Whoami(arguments) => whoami::run(&arguments, environment, terminal),
            Self::Context(command) => context::run(&command, environment, terminal),
            Self::Completions(arguments) => completions::run(&arguments, terminal, program),
        }
    }
}
