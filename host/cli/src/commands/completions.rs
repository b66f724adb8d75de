//! `picloud completions`: for the shell's start-up file.

use clap_complete::Shell;

use crate::{failure::Result, terminal::Terminal};

#[derive(Debug, clap::Args)]
pub struct CompletionsArguments {
    /// Which shell: in bash, `source <(picloud completions bash)`
    shell: Shell,
}

pub(super) fn run(arguments: &CompletionsArguments, terminal: &Terminal, mut program: clap::Command) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, "picloud", &mut script);
    terminal.bytes(&script)
}
