//! `make bench`: measures side by side in one run, and writes `target/bench/report.json`.
//!
//! What is compared does the same work and is checked for the right answer every time. Ratios count: the machine may be shared.
//! No timing decides anything; a wrong answer ends the benchmark with an error. What the report says is told in docs/performance.md.

mod cart;
mod deployed;
mod figures;
mod http;
mod inprocess;
mod load;
mod machine;
mod neighbour;
mod peer;
mod peers;
mod process;
mod requests;
mod sandbox;
mod server;

use std::path::Path;

use anyhow::{Context, Result};
use figures::Report;
use tokio::runtime::Builder;

/// What a run leaves behind: the report, and what each server said.
const DIRECTORY: &str = "target/bench";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["serve", which, port] = arguments[..] {
        let port = port.parse().context("a port is a number")?;
        return Builder::new_multi_thread().enable_all().build()?.block_on(peers::serve(which, port));
    }
    // One thread: an answer that is handed from one thread of the measurer to another waits for a core once more, and that would be measured.
    Builder::new_current_thread().enable_all().build()?.block_on(run(&arguments))
}

async fn run(arguments: &[&str]) -> Result<()> {
    std::fs::create_dir_all(DIRECTORY).with_context(|| format!("making {DIRECTORY}"))?;
    match arguments {
        ["sandbox"] => sandbox::measure(&mut Report::default()).await,
        ["requests"] => deployed::measure_requests(&mut Report::default()).await,
        ["neighbour"] => deployed::measure_neighbour(&mut Report::default()).await,
        [] => measure().await,
        _ => anyhow::bail!("usage: bench [sandbox | requests | neighbour | serve hello|first-design <port>]"),
    }
}

async fn measure() -> Result<()> {
    let directory = Path::new(DIRECTORY);
    let load_before = machine::load()?;
    let mut report = Report::default();
    sandbox::measure(&mut report).await?;
    deployed::measure(&mut report).await?;
    machine::describe(&directory.join("machine.json"), load_before)?;
    report.write(&directory.join("report.json"))
}
