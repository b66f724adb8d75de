//! Automation: what the Makefile calls. `cargo xtask <task>`.
//!
//! Deliberately absent: a dependency on Wasmtime or on a crate that has it, so that this program is built in a minute.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "a build tool reads the environment of its caller")]

mod bench;
mod check;
mod dashboard;
mod dist;
mod fuzz;
mod generate;
mod guest;
mod inputs;
mod package;
mod peers;
mod performance;
mod python;
mod run;
mod setup;
mod shell;
mod test;
mod test_server;
mod tidy;
mod toolchain;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

const TASKS: &str = "\
setup    install the system packages that are missing
guest    build the interpreter as a WebAssembly component
dashboard build the files of the dashboard
run      setup, build, start PiCloud
dev      build and start PiCloud with a talkative log
check    format, lints, tidy, documentation
tidy     the rules of the code that no compiler knows
test     setup, check, guest, all tests
soak     the long tests at full length
fuzz     each fuzz target for FUZZ_SECONDS (60), or those that are named
gen      refresh generated files
bench    measure, write target/bench/report.json
performance docs/performance.md, of the last run of `bench`
dist     a release archive in target/dist
deb      a Debian package in target/dist
installs the package, and the image for containers, in a Debian of their own: part of `test`";

fn main() -> Result<()> {
    let workspace = workspace()?;
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match task.as_str() {
        "setup" => setup::run(setup::For::Testing),
        "guest" => guest::build(&workspace),
        "dashboard" => dashboard::build(&workspace),
        "run" => run::run(&workspace, &rest),
        "dev" => run::dev(&workspace, &rest),
        "check" => check::run(&workspace),
        "tidy" => tidy::run(&workspace),
        "test" => test::run(&workspace, &rest),
        "soak" => test::soak(&workspace),
        "fuzz" => fuzz::run(&workspace, &rest),
        "gen" => generate::run(&workspace),
        "bench" => bench::run(&workspace, &rest),
        "performance" => performance::adopt(&workspace),
        "dist" => dist::run(&workspace),
        "deb" => package::build(&workspace, package::Program::Release).map(drop),
        "installs" => package::test(&workspace),
        "" => bail!("which task?\n{TASKS}"),
        other => bail!("there is no task `{other}`:\n{TASKS}"),
    }
}

fn workspace() -> Result<PathBuf> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.join("../..").canonicalize().context("finding the workspace")
}
