//! `pg_dump` and `pg_restore`: those that are installed beside the server's own programs.

use std::{fs::File, path::Path, process::Stdio};

use anyhow::Context as _;
use tokio::process::Command;
use url::Url;

use crate::config::{Config, Database};

/// Parameters of a database URL that PostgreSQL's own programs know as well.
const KNOWN: [&str; 9] = ["host", "hostaddr", "port", "user", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey"];

/// A program of PostgreSQL and the database that it is for.
pub(super) struct Tools<'a> {
    pub(super) config: &'a Config,
    pub(super) url: &'a str,
    /// Of the server: a program that is older does not understand it.
    pub(super) major: u32,
}

impl Tools<'_> {
    /// Dumps one moment into a file.
    pub(super) async fn dump(&self, snapshot: &str, into: File) -> anyhow::Result<()> {
        let mut command = self.command("pg_dump")?;
        command.args(["--format=custom", "--no-owner", "--no-privileges"]).arg(format!("--snapshot={snapshot}")).stdout(into);
        run(command, "pg_dump").await
    }

    /// Puts a dump into the database, all of it or nothing.
    pub(super) async fn restore(&self, dump: &Path) -> anyhow::Result<()> {
        let mut command = self.command("pg_restore")?;
        command.args(["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]).arg(dump).stdout(Stdio::null());
        run(command, "pg_restore").await
    }

    fn command(&self, name: &str) -> anyhow::Result<Command> {
        let search_path = match &self.config.database {
            Database::Private { search_path } => search_path.as_deref(),
            Database::External(_) => None,
        };
        let program = postgres::program(name, search_path, self.major)?;
        let mut command = Command::new(program);
        // Nothing of the environment decides where it connects to.
        command.env_clear().env("LC_ALL", "C").stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut url = Url::parse(self.url).context("the database URL can't be read")?;
        if let Some(password) = url.password() {
            // Arguments can be seen by every user of the machine, the environment can't.
            let password = percent_encoding::percent_decode_str(password).decode_utf8().context("the password is not UTF-8")?;
            command.env("PGPASSWORD", &*password);
            let _is_set = url.set_password(None);
        }
        keep_known(&mut url);
        command.arg(format!("--dbname={url}"));
        Ok(command)
    }
}

/// What only our driver knows, these programs refuse.
fn keep_known(url: &mut Url) {
    let known: Vec<(String, String)> = url.query_pairs().into_owned().filter(|(name, _)| KNOWN.contains(&name.as_str())).collect();
    url.set_query(None);
    if !known.is_empty() {
        url.query_pairs_mut().extend_pairs(known);
    }
}

async fn run(mut command: Command, name: &str) -> anyhow::Result<()> {
    // Not `output`, which would take the dump into memory.
    let running = command.spawn().with_context(|| format!("could not run {name}"))?;
    let output = running.wait_with_output().await.with_context(|| format!("could not run {name}"))?;
    let told = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{name} failed ({}): {}", output.status, told.trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn what_only_our_driver_knows_is_left_out_of_the_address() {
        let kept = |text: &str| {
            let mut url = Url::parse(text).unwrap();
            keep_known(&mut url);
            url.to_string()
        };
        assert_eq!(kept("postgres://u@h:5/d?sslmode=prefer&statement-cache-capacity=100"), "postgres://u@h:5/d?sslmode=prefer");
        assert_eq!(kept("postgres://u@h/d?statement-cache-capacity=1"), "postgres://u@h/d");
        assert_eq!(kept("postgres://u@localhost/d?host=/srv/a/run"), "postgres://u@localhost/d?host=%2Fsrv%2Fa%2Frun");
    }
}
