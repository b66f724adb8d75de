//! `--yes`: what can't be undone is asked for on a terminal, and refused where there is none.

use http::Method;

use super::common::App;
use crate::{failure::Result, terminal::Terminal};

/// The flag of every command that destroys something.
#[derive(Debug, Clone, clap::Args)]
pub struct Confirmation {
    /// Do it without asking
    #[arg(long, short)]
    yes: bool,
}

impl Confirmation {
    /// `what` is a sentence without its end: what would be done.
    ///
    /// # Errors
    /// Nobody said yes.
    pub(super) fn demand(&self, terminal: &Terminal, what: &str) -> Result<()> {
        if self.yes { Ok(()) } else { terminal.confirm(what) }
    }

    /// Removes a thing of an app's: the state of it that was there when the question was asked. `what` as above.
    pub(super) fn remove(&self, app: &App<'_>, terminal: &Terminal, path: &[&str], query: &[(&str, &str)], what: &str) -> Result<()> {
        let seen = app.client.see(path, query)?;
        self.demand(terminal, what)?;
        app.client.change(&Method::DELETE, path, query, &seen, None).map(|_| ())
    }
}
