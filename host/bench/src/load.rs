//! Load from `wrk`, and what one request costs its server: processor time, of user and of kernel, divided by requests.

use std::{process::Stdio, time::Duration};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::process;

const CONNECTIONS: &str = "16";
const SECONDS: u64 = 5;

/// What every answer must be.
pub(crate) struct Expected<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a str,
}

/// Microseconds of processor time per request.
pub(crate) struct Cost {
    /// Of the process that listens.
    pub(crate) own: f64,
    /// Of the processes that it started: PiCloud's database; a peer has none, or does its work there.
    pub(crate) children: f64,
}

/// What a request costs the process `pid`, which listens at `address`. Fails if any answer is wrong.
pub(crate) async fn cost(pid: u32, address: &str, request_body: &str, expected: &Expected<'_>) -> Result<Cost> {
    // The first second is not measured: connections, warm slots.
    wrk(address, request_body, expected, 1).await?;
    let spent = || anyhow::Ok((process::cpu_time(pid)?, process::cpu_time_of_descendants(pid)?));
    let (own, children) = spent()?;
    let requests = wrk(address, request_body, expected, SECONDS).await?;
    let now = spent()?;
    // One that an earlier benchmark has left behind has the address.
    ensure!(now.0 + now.1 > own + children, "the process {pid} does not answer at {address}, another one does: end that one first");
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / requests as f64;
    Ok(Cost { own: each(now.0.saturating_sub(own)), children: each(now.1.saturating_sub(children)) })
}

async fn wrk(address: &str, request_body: &str, expected: &Expected<'_>, seconds: u64) -> Result<u64> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cart.lua");
    let output = Command::new("wrk")
        .args(["-t1", "-c", CONNECTIONS, "-d", &format!("{seconds}s"), "-s", script, &format!("http://{address}/")])
        .env("BENCH_BODY", request_body)
        .env("BENCH_STATUS", expected.status.to_string())
        .env("BENCH_ANSWER", expected.body)
        .stderr(Stdio::inherit())
        .output()
        .await
        .context("starting wrk: install it (on Debian: apt-get install wrk)")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figures = text.lines().find_map(|line| line.strip_prefix("figures ")).with_context(|| format!("wrk said: {text}"))?;
    let figures: Vec<u64> = figures.split(' ').filter_map(|figure| figure.parse().ok()).collect();
    let [requests, wrong, errors] = figures[..] else { anyhow::bail!("wrk said: {text}") };
    ensure!(requests > 0 && wrong == 0 && errors == 0, "{address}: {requests} requests, {wrong} wrong answers, {errors} errors");
    Ok(requests)
}
