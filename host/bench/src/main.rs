//! `make bench`: measures side by side in one run, and writes `target/bench/report.json`.
//!
//! What is compared does the same work and is checked for the right answer every time. Ratios count: the machine may be shared.
//! No timing decides anything; a wrong answer or a peer that does not run ends the benchmark with an error.

mod cart;
mod deployed;
mod figures;
mod http;
mod inprocess;
mod load;
mod neighbour;
mod peers;
mod process;
mod sandbox;
mod server;

use std::path::Path;

use anyhow::{Context, Result};
use figures::Report;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", which, port] => peers::serve(which, port.parse().context("a port is a number")?).await,
        ["sandbox"] => sandbox::measure(&mut Report::default()).await,
        ["neighbour"] => deployed::measure_neighbour(&mut Report::default()).await,
        [] => measure().await,
        _ => anyhow::bail!("usage: bench [sandbox | neighbour | serve hello|first-design <port>]"),
    }
}

async fn measure() -> Result<()> {
    let directory = Path::new("target/bench");
    std::fs::create_dir_all(directory)?;
    let mut report = Report::default();
    sandbox::measure(&mut report).await?;
    deployed::measure(&mut report).await?;
    report.write(&directory.join("report.json"))
}
