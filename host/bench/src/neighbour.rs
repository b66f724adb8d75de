//! A quiet app beside a greedy one: how much longer its visitors wait.

use std::{
    process::{self, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tokio::{process::Command, time::Instant};

use crate::{
    deployed::{make_app, make_script},
    figures::{Report, Samples},
    http::Client,
    server::{ADDRESS, Server},
};

/// Of the quiet app: a minute.
const REQUESTS: u32 = 1200;
const PAUSE: Duration = Duration::from_millis(50);
/// Of the greedy one: each connection asks again at once, for milliseconds of work, so that fifty times what one processor can do is always asked for.
const CONNECTIONS: &str = "50";
const GREEDY: &str = "let sum = 0; for number in 0..20000 { sum += number; } sum";
const QUIET: &str = "#{ hello: ctx.request.query.name }";
/// Until the load is there.
const SETTLE: Duration = Duration::from_secs(1);

/// The quiet app's 99th percentile beside the greedy one, over that of the quiet one alone. Fails if one of its requests is refused.
pub(crate) async fn measure(server: &Server, report: &mut Report) -> Result<()> {
    let api = server.api().await?;
    for (app, source) in [("quiet", QUIET), ("greedy", GREEDY)] {
        make_app(&api, app).await?;
        make_script(&api, app, "main", source, "/").await?;
    }
    before_everybody().await;
    let mut alone = visits().await?;
    let seconds = (PAUSE * REQUESTS + SETTLE).as_secs().to_string();
    let mut load = Command::new("wrk")
        .args(["-t1", "-c", CONNECTIONS, "-d", &seconds, "--timeout", "30s", "-H", "Host: greedy.localhost", &format!("http://{ADDRESS}/")])
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("starting wrk")?;
    tokio::time::sleep(SETTLE).await;
    let mut beside = visits().await?;
    load.kill().await?;
    let [alone, beside] = [&mut alone, &mut beside].map(|samples| [0.5, 0.99].map(|share| samples.quantile_us(share)));
    report.set("quiet_alone_p50_us", alone[0]);
    report.set("quiet_alone_p99_us", alone[1]);
    report.set("quiet_beside_noisy_p50_us", beside[0]);
    report.set("quiet_beside_noisy_p99_us", beside[1]);
    report.set("noisy_neighbour_p99_ratio", beside[1] / alone[1]);
    Ok(())
}

/// Who measures gets a processor whenever he wants one. He stands for a visitor, who has one of his own: else what is measured is mostly how long the
/// kernel leaves the greedy app's thread on the processor that reading the answer takes. What is started later is not so.
async fn before_everybody() {
    let arguments = ["--reset-on-fork", "--fifo", "--pid", "1", &process::id().to_string()];
    let said = Command::new("chrt").args(arguments).output().await;
    if !said.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "who measures waits for a processor like everybody (chrt --fifo is for root): noisy_neighbour_p99_ratio has his waiting in it"
        );
    }
}

/// Asks the quiet app, each time at its moment whether the answer before came early or late.
async fn visits() -> Result<Samples> {
    let client = Client::new(ADDRESS);
    let mut samples = Samples::default();
    let began = Instant::now();
    for number in 0..REQUESTS {
        let due = began + PAUSE * number;
        tokio::time::sleep_until(due).await;
        let asked = Instant::now();
        let answer = client.get("/?name=ada", "quiet.localhost").await?;
        samples.push(asked.elapsed());
        ensure!(answer.status == 200 && answer.body == r#"{"hello":"ada"}"#, "the quiet app answers {}", answer.status);
    }
    Ok(samples)
}
