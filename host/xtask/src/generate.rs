//! `cargo xtask gen`: files that are made of the code and committed. The tests compare; this writes.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result};

use crate::{shell, test_server};

/// The description of the SQL queries, then what tests write when they are told to.
pub(crate) fn run(workspace: &Path) -> Result<()> {
    let owned = workspace.to_owned();
    test_server::with(workspace, move |url| {
        describe_queries(&owned, url)?;
        let mut tests = shell::cargo(&owned);
        tests.env("DATABASE_URL", url).env("SQLX_OFFLINE", "true").env("UPDATE", "1");
        shell::run(tests.args(["test", "--workspace", "--locked", "--", "the_committed"]))
    })
}

/// Compiles `store` against a database with the newest schema; sqlx then writes what it learnt into `.sqlx`.
fn describe_queries(workspace: &Path, url: &str) -> Result<()> {
    let schema = "drop schema public cascade; create schema public";
    let mut psql = Command::new("psql");
    psql.args(["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", url, "--command", schema]);
    for migration in migrations(workspace)? {
        psql.arg("--file").arg(migration);
    }
    shell::run(&mut psql)?;
    let descriptions = workspace.join("host/store/.sqlx");
    if descriptions.exists() {
        fs::remove_dir_all(&descriptions).context("removing the old descriptions")?;
    }
    fs::create_dir(&descriptions).context("making the directory for descriptions")?;
    // Macros run only when their crate is compiled.
    shell::run(shell::cargo(workspace).args(["clean", "--package", "store"]))?;
    let mut check = shell::cargo(workspace);
    check.env("DATABASE_URL", url).env("SQLX_OFFLINE", "false").env("SQLX_OFFLINE_DIR", &descriptions);
    shell::run(check.args(["check", "--package", "store", "--all-targets", "--all-features", "--locked"]))
}

/// In the order of their numbers.
fn migrations(workspace: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files: Vec<_> =
        fs::read_dir(workspace.join("migrations"))?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    Ok(files)
}
