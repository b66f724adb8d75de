//! A fresh sandbox for each execution against no sandbox at all: alternating pairs in one run, limits and fuel on.

use std::time::Instant;

use anyhow::{Result, ensure};
use execution::{Execute, Image, Limits, Modules, Nobody, Recorder, Source};
use executor::{Executor, Settings};

use crate::{
    cart,
    figures::{Report, Samples},
    inprocess,
};

/// Pairs that are measured, after a tenth as many for warming up.
const PAIRS: usize = 20_000;
const SCRIPTS: usize = 10_000;
const DRAWS: usize = 40_000;

/// Both comparisons, on one thread: what else runs in this process must not be in the figures.
pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let cache_dir = std::path::PathBuf::from("target/bench/guest-image");
    let executor = Executor::start(&Settings { cache_dir, concurrency: 64, compilations: 4 }).await?;
    let mut isolation = isolation(&executor).await?;
    let (isolated, plain) = (isolation.isolated.quantile_us(0.5), isolation.in_process.quantile_us(0.5));
    report.set("isolated_us_p50", isolated);
    report.set("isolated_empty_us_p50", isolation.empty.quantile_us(0.5));
    report.set("inprocess_us_p50", plain);
    report.set("isolated_over_inprocess_p50", isolated / plain);
    report.set("isolated_over_inprocess_min", isolation.isolated.quantile_us(0.0) / isolation.in_process.quantile_us(0.0));
    let (mut zipf, mut hot) = many_scripts(&executor).await?;
    report.set("zipf_10k_p99_over_hot_p99", zipf.quantile_us(0.99) / hot.quantile_us(0.99));
    Ok(())
}

struct Isolation {
    isolated: Samples,
    in_process: Samples,
    /// A sandbox whose script does nothing.
    empty: Samples,
}

/// One hot script, with the recorder between the sandbox and its services.
async fn isolation(executor: &Executor) -> Result<Isolation> {
    let image = compile(executor, cart::SCRIPT).await?;
    let nothing = compile(executor, "").await?;
    let in_process = inprocess::InProcess::new(cart::SCRIPT)?;
    let limits = Limits::default();
    let mut samples = Isolation { isolated: Samples::default(), in_process: Samples::default(), empty: Samples::default() };
    for pair in 0..PAIRS + PAIRS / 10 {
        let call = inprocess::invocation();
        let started = Instant::now();
        let (recorder, _calls) = Recorder::new(Nobody { now_ms: call.now_ms }, 1 << 20);
        let outcome = executor.run(&image, &call, &limits, Box::new(recorder)).await;
        let isolated = started.elapsed();
        let response = outcome.result.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
        ensure!(cart::is_right(response.status, &response.body), "the sandbox answered {response:?}");

        let call = inprocess::invocation();
        let started = Instant::now();
        let (status, _headers, body) = in_process.run(call, inprocess::named_ctx)?;
        let plain = started.elapsed();
        ensure!(cart::is_right(status, &body), "Rhai in process answered {status}");
        let call = inprocess::invocation();
        let started = Instant::now();
        executor.execute(&nothing, &call, &limits, Box::new(Nobody { now_ms: 0 })).await;
        let empty = started.elapsed();
        if pair >= PAIRS / 10 {
            samples.empty.push(empty);
            samples.isolated.push(isolated);
            samples.in_process.push(plain);
        }
    }
    Ok(samples)
}

/// 10,000 different scripts drawn by Zipf's law, and in turn with each one hot script.
async fn many_scripts(executor: &Executor) -> Result<(Samples, Samples)> {
    let mut images = Vec::with_capacity(SCRIPTS);
    for number in 0..SCRIPTS {
        images.push(compile(executor, &format!("{}\n// {number}", cart::SCRIPT)).await?);
    }
    let limits = Limits::default();
    let (mut zipf, mut hot) = (Samples::default(), Samples::default());
    let mut draw = Zipf::new(SCRIPTS);
    for turn in 0..DRAWS {
        let any = &images[draw.next()];
        for (image, samples) in [(any, &mut zipf), (&images[0], &mut hot)] {
            let call = inprocess::invocation();
            let started = Instant::now();
            let outcome = executor.execute(image, &call, &limits, Box::new(Nobody { now_ms: 0 })).await;
            let elapsed = started.elapsed();
            let response = outcome.result.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
            ensure!(cart::is_right(response.status, &response.body), "the sandbox answered {response:?}");
            if turn >= DRAWS / 10 {
                samples.push(elapsed);
            }
        }
    }
    Ok((zipf, hot))
}

async fn compile(executor: &Executor, text: &str) -> Result<Image> {
    Ok(executor.compile(&Source { name: "main".into(), text: text.into() }, &Modules::default()).await?.image)
}

/// Ranks 0..n with probability proportional to 1 / (rank + 1), from a fixed seed.
struct Zipf {
    cumulated: Vec<f64>,
    state: u64,
}

impl Zipf {
    fn new(n: usize) -> Self {
        let mut sum = 0.0;
        let cumulated = (1..=n)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        Self { cumulated, state: 0x9e37_79b9_7f4a_7c15 }
    }

    fn next(&mut self) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let uniform = (self.state >> 11) as f64 / (1u64 << 53) as f64 * self.cumulated.last().copied().unwrap_or(1.0);
        self.cumulated.partition_point(|sum| *sum < uniform).min(self.cumulated.len() - 1)
    }
}
