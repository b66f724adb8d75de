//! `picloud config check`.

use std::io::Write as _;

use crate::config::{Arguments, Config, Database};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum ConfigCommand {
    /// Reads the configuration like `serve` would, and prints what it came to
    Check(Arguments),
}

pub(crate) fn run(command: ConfigCommand) -> anyhow::Result<()> {
    let ConfigCommand::Check(arguments) = command;
    let config = Config::read(arguments)?;
    anyhow::ensure!(
        config.unknown_variables.is_empty(),
        "nothing reads these variables; is a name misspelt? {}",
        config.unknown_variables.join(", ")
    );
    let database = match &config.database {
        Database::Private { .. } => "private, in the data directory".to_owned(),
        Database::External(_) => "external (database_url)".to_owned(),
    };
    let mut output = std::io::stdout().lock();
    writeln!(output, "bind           {}", config.bind)?;
    writeln!(output, "host           {}", config.host)?;
    writeln!(output, "base_domain    {}", config.base_domain)?;
    writeln!(output, "origin         {}", config.origin)?;
    writeln!(output, "data_dir       {}", config.data_dir.display())?;
    writeln!(output, "database       {database}")?;
    writeln!(output, "secrets_key    {}", config.secrets_key_file.display())?;
    writeln!(output, "internal_bind  {}", config.internal_bind)?;
    writeln!(output, "concurrency    {}", config.concurrency)?;
    writeln!(output, "retention      {} days, {} MB", config.retention.days, config.retention.bytes_max / 1024 / 1024)?;
    for opening in config.egress.opened() {
        writeln!(output, "egress opened  {opening}")?;
    }
    for denial in config.egress.denied() {
        writeln!(output, "egress denied  {denial}")?;
    }
    let traces = config
        .telemetry
        .endpoint
        .as_ref()
        .map_or_else(|| "not exported".to_owned(), |endpoint| format!("{endpoint}, {} of all executions", config.telemetry.sample_ratio));
    writeln!(output, "traces         {traces}")?;
    let ceilings: Vec<String> = config.ceilings.lowered().map(|(name, ceiling)| format!("{name} {ceiling}")).collect();
    let ceilings = if ceilings.is_empty() { "as built in".to_owned() } else { ceilings.join(", ") };
    writeln!(output, "limits         {ceilings}")?;
    writeln!(output, "log            {}", config.log)?;
    Ok(())
}
