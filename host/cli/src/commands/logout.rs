//! `picloud logout`: the key gives itself back, and is forgotten here.

use http::Method;
use serde_json::json;

use super::common::{self, Common};
use crate::{
    contexts::Contexts,
    environment::Environment,
    failure::{Exit, Failure, Result},
    terminal::Terminal,
};

#[derive(Debug, clap::Args)]
pub struct LogoutArguments {
    #[command(flatten)]
    pub(super) common: Common,
    /// Forget the key even if the instance can't be told to revoke it
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &LogoutArguments, environment: &Environment, terminal: &Terminal) -> Result<()> {
    let target = common::own_target(environment, &arguments.common)?;
    let Some(name) = &target.context else {
        return Err(Failure::new(Exit::Auth, format!("there is no stored login for {}", target.url))
            .next("picloud context list shows those there are"));
    };
    match target.client(terminal)?.call(&Method::DELETE, &["session"], &[], None) {
        Ok(_) => {}
        // It is no good any more: that is what was wanted.
        Err(failure) if failure.exit == Exit::Auth => {}
        Err(failure) if arguments.force => terminal.tell(&format!("The key may still be good: {}", failure.what)),
        Err(failure) => return Err(failure.next("picloud logout --force forgets the key all the same; revoke it in the dashboard")),
    }
    let mut contexts = Contexts::load(environment)?;
    contexts.contexts.remove(name);
    if contexts.current.as_ref() == Some(name) {
        contexts.current = None;
    }
    contexts.store(environment)?;
    if terminal.json {
        return terminal.value(&json!({ "context": name, "url": target.url }));
    }
    terminal.tell(&format!("Logged out of {}.", target.url));
    Ok(())
}
