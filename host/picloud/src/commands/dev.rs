//! `picloud dev`: an instance of its own for the project in a folder. It is the same server with the same limits and a database of its own; all
//! that is different is who deploys (the saving of a file), where the owner's password lies, and that each answer is printed.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, mpsc::SyncSender},
    time::Duration,
};

use anyhow::Context as _;
use cli::dev::{Answered, Dev, Error, Event, Frame, Instance, Line, Ran};
use execution::{Failure, Logs};
use manager::auth::password;
use orchestrator::Watcher;
use store::NewExecution;

use super::serve;
use crate::{
    boot::Beside,
    config::{self, Arguments, Config, FirstOwner, Secret},
    data_directory, telling,
};

/// The one who owns it.
const OWNER: &str = "owner";
/// Where his password is, in the data directory: whoever reads that directory has everything anyway.
const PASSWORD_FILE: &str = "password";
/// Below where programs keep what can be made again: the compiled sandbox, for all projects.
const CACHE: &str = "picloud";

#[derive(Debug, clap::Args)]
pub(crate) struct DevArguments {
    /// Where it answers, on this machine only
    #[arg(long, value_name = "PORT", default_value_t = 8787)]
    port: u16,
    /// A configuration file as `picloud serve` takes it: lower limits, what may be called beyond the public internet
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print a line of JSON for each event instead of a text for people
    #[arg(long)]
    json: bool,
    /// Show what is sent to deploy, and what comes back
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn run(arguments: DevArguments) -> anyhow::Result<ExitCode> {
    let dev = match Dev::open(&config::client_environment()?, arguments.json, arguments.verbose) {
        Ok(dev) => dev,
        Err(status) => return Ok(status),
    };
    let mut config = Config::read(Arguments {
        config: arguments.config,
        bind: Some(format!("127.0.0.1:{}", arguments.port)),
        // Nobody asks for its health.
        internal_bind: Some("127.0.0.1:0".to_owned()),
        data_dir: Some(dev.data_dir()),
        ..Arguments::default()
    })?;
    telling::start_logging(&config.log)?;
    data_directory::make(&config.data_dir)?;
    let password = password_in(&config.data_dir)?;
    config.owner = FirstOwner { username: OWNER.to_owned(), password: Some(Secret::new(password.clone())), is_welcomed: false };
    if let Some(home) = config::cache_home() {
        config.cache_dir = home.join(CACHE);
    }
    let watcher: Arc<dyn Watcher> = Arc::new(Printed(dev.events()));
    let instance = Instance { url: config.origin.clone(), username: OWNER.to_owned(), password };
    let ready = Box::new(|_: &Config, _: Duration| dev.start(instance));
    serve::run_instance(config, Beside { watcher: Some(watcher), ready })?;
    Ok(ExitCode::SUCCESS)
}

/// Made at the first start.
fn password_in(data_dir: &Path) -> anyhow::Result<String> {
    let path = data_dir.join(PASSWORD_FILE);
    match fs::read_to_string(&path) {
        Ok(password) => return Ok(password.trim_end().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("could not read {}", path.display())),
    }
    let password = password::generate()?;
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let written = file.and_then(|mut file| writeln!(file, "{password}"));
    written.with_context(|| format!("could not write {}", path.display()))?;
    Ok(password)
}

/// Hands on what the data plane answers. What there is no room for is not printed.
#[derive(Debug)]
struct Printed(SyncSender<Event>);

impl Watcher for Printed {
    fn ran(&self, script: &str, execution: &NewExecution, logs: &Logs, took: Duration) {
        let lines =
            logs.lines.iter().map(|line| Line { level: line.level.as_str(), message: line.message.clone(), fields: line.fields.clone() });
        let ran = Ran {
            kind: execution.invocation_type.as_str(),
            script: script.to_owned(),
            method: execution.method.clone(),
            path: execution.path.clone(),
            status: execution.status,
            outcome: execution.outcome,
            fuel: execution.usage.fuel_used,
            attempts: execution.attempts,
            took,
            lines: lines.collect(),
            lines_dropped: execution.logs_dropped,
            error: execution.failure.as_ref().map(error),
        };
        let _is_unseen = self.0.try_send(Event::Ran(ran));
    }

    fn answered(&self, answered: &orchestrator::Answered<'_>) {
        let answered = Answered {
            method: answered.method.to_string(),
            path: answered.target.path().to_owned(),
            status: answered.status,
            refusal: answered.refusal.clone(),
            took: answered.took,
        };
        let _is_unseen = self.0.try_send(Event::Answered(answered));
    }
}

fn error(failure: &Failure) -> Error {
    let frames = failure.trace.iter().map(|frame| Frame {
        script: frame.script.clone(),
        function: frame.function.clone(),
        line: frame.line,
        column: frame.column,
    });
    Error { message: failure.message.clone(), frames: frames.collect() }
}
