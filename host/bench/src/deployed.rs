//! The whole program: what a request costs beside its peers, how soon a change is live, and what 10,000 idle scripts take.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use crate::{
    cart,
    figures::{Report, Samples},
    http::Client,
    neighbour, process, requests,
    server::{self, ADDRESS, Server},
};

const DEPLOYS: usize = 40;
const APPS: usize = 100;
const SCRIPTS_PER_APP: usize = 100;
const IDLE: Duration = Duration::from_secs(60);
/// After a load or a start, until batches are written and caches settled.
const SETTLE: Duration = Duration::from_secs(5);

/// Everything that needs a server, in the order in which its data grows.
pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let data_dir = server::fresh_data_dir()?;
    let server = Server::start(&data_dir).await?;
    let api = server.api().await?;
    make_app(&api, "bench").await?;
    let script = make_script(&api, "bench", "cart", cart::SCRIPT, "/").await?;
    requests::measure(&server, report).await?;
    neighbour::measure(&server, report).await?;
    deploys(&api, &script, report).await?;
    server.stop().await?;

    let server = Server::start(&data_dir).await?;
    tokio::time::sleep(SETTLE).await;
    let few = process::resident_bytes(server.pid)?;
    eprintln!("deploying {} scripts", APPS * SCRIPTS_PER_APP);
    fill(&server.api().await?).await?;
    server.stop().await?;

    let server = Server::start(&data_dir).await?;
    report.set("ready_ms_10k_scripts", server.ready_after.as_secs_f64() * 1e3);
    let answer = Client::new(ADDRESS).get("/50", "many-50.localhost").await?;
    ensure!(answer.status == 502, "a cart without an order fails: {}", answer.status);
    tokio::time::sleep(SETTLE).await;
    let many = process::resident_bytes(server.pid)?;
    report.set("idle_script_bytes", many.saturating_sub(few) as f64 / (APPS * SCRIPTS_PER_APP) as f64);
    idle(&server, report).await?;
    server.stop().await?;
    server::remove_data_dir(&data_dir)
}

/// What a request costs beside the peers, on a server of its own.
pub(crate) async fn measure_requests(report: &mut Report) -> Result<()> {
    let data_dir = server::fresh_data_dir()?;
    let server = Server::start(&data_dir).await?;
    let api = server.api().await?;
    make_app(&api, "bench").await?;
    make_script(&api, "bench", "cart", cart::SCRIPT, "/").await?;
    requests::measure(&server, report).await?;
    server.stop().await?;
    server::remove_data_dir(&data_dir)
}

/// What a neighbour costs, on a server of its own.
pub(crate) async fn measure_neighbour(report: &mut Report) -> Result<()> {
    let data_dir = server::fresh_data_dir()?;
    let server = Server::start(&data_dir).await?;
    neighbour::measure(&server, report).await?;
    server.stop().await?;
    server::remove_data_dir(&data_dir)
}

/// From the call of the API to the first answer of the new version, on one connection asked again and again.
async fn deploys(api: &Client, script: &str, report: &mut Report) -> Result<()> {
    let visitor = Client::new(ADDRESS);
    let mut samples = Samples::default();
    for version in 0..DEPLOYS {
        let started = Instant::now();
        api.call("PATCH", &format!("scripts/{script}"), json!({ "source": format!("\"version {version}\"") })).await?;
        while visitor.get("/", "bench.localhost").await?.body != format!("version {version}") {
            ensure!(started.elapsed() < Duration::from_secs(10), "version {version} never answered");
        }
        samples.push(started.elapsed());
    }
    report.set("deploy_to_live_ms_p50", samples.quantile_us(0.5) / 1e3);
    Ok(())
}

/// 10,000 scripts, each with a route, none like another. Each app is deployed as a whole, as a folder of scripts is, and several side by side.
async fn fill(api: &Client) -> Result<()> {
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..4 {
        let api = api.clone();
        workers.spawn(async move {
            for app in (worker..APPS).step_by(4) {
                let slug = format!("many-{app}");
                make_app(&api, &slug).await?;
                let numbers = 0..SCRIPTS_PER_APP;
                let scripts = numbers.clone().map(|number| {
                    let source = format!("{}\n// {slug} {number}", cart::SCRIPT);
                    json!({ "name": format!("script-{number}"), "source": source })
                });
                let routes = numbers.map(|number| json!({ "script": format!("script-{number}"), "path": format!("/{number}") }));
                // One that is not due, so that idling is that of an instance that waits for something.
                let schedule = json!({ "name": "yearly", "script": "script-0", "on": { "cron": "@yearly" } });
                let (scripts, routes) = (scripts.collect::<Vec<_>>(), routes.collect::<Vec<_>>());
                let all = json!({ "app": slug, "scripts": scripts, "routes": routes, "schedules": [schedule] });
                api.call("POST", "deployments", all).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended??;
    }
    Ok(())
}

/// A minute in which nobody asks for anything.
async fn idle(server: &Server, report: &mut Report) -> Result<()> {
    let database = process::descendants(server.pid);
    ensure!(!database.is_empty(), "the server has a database of its own");
    let spent = || std::iter::once(&server.pid).chain(&database).map(|pid| process::cpu_time(*pid)).sum::<Result<Duration>>();
    let (before, started) = (spent()?, Instant::now());
    tokio::time::sleep(IDLE).await;
    let share = spent()?.saturating_sub(before).as_secs_f64() / started.elapsed().as_secs_f64();
    report.set("idle_cpu_permille", share * 1e3);
    report.set("idle_rss_bytes", process::resident_bytes(server.pid)? as f64);
    let database: u64 = database.iter().map(|pid| process::proportional_bytes(*pid)).sum::<Result<u64>>()?;
    report.set("idle_postgres_pss_bytes", database as f64);
    Ok(())
}

pub(crate) async fn make_app(api: &Client, slug: &str) -> Result<()> {
    api.call("POST", "apps", json!({ "slug": slug, "name": slug })).await?;
    // All load comes from one address to one app: as fast as it goes.
    let rates = ["requests_per_second", "requests_burst", "client_requests_per_second", "client_requests_burst"];
    let unlimited: serde_json::Map<_, _> = rates.into_iter().map(|rate| (rate.to_owned(), json!(1_000_000))).collect();
    api.call("PATCH", &format!("apps/{slug}"), json!({ "limits": unlimited })).await.map(|_app| ())
}

/// Returns the script's id.
pub(crate) async fn make_script(api: &Client, app: &str, name: &str, source: &str, path: &str) -> Result<String> {
    let script = api.call("POST", "scripts", json!({ "app": app, "name": name, "source": source })).await?;
    let id = script["id"].as_str().unwrap_or_default().to_owned();
    api.call("POST", "routes", json!({ "app": app, "script": id, "path": path })).await?;
    Ok(id)
}
