//! What a request costs a server, in turns with its peers: the same order to each, every answer checked, `ROUNDS` times one after the other.

use anyhow::Result;

use crate::{
    cart,
    figures::{Report, median},
    load::{self, Cost, Expected},
    peer::Peer,
    peers,
    server::{ADDRESS, Server},
};

const ROUNDS: usize = 3;
const RIGHT: Expected = Expected { status: 201, body: cart::ANSWER };
const GREETING: Expected = Expected { status: 200, body: peers::HELLO };

/// A peer, with the names of what is measured of it.
struct Contender {
    figure: &'static str,
    ratio: &'static str,
    peer: Peer,
    expected: Expected<'static>,
    costs: Vec<f64>,
}

/// Processor time per request: of the server without its database, and of each peer with all that it started.
pub(crate) async fn measure(server: &Server, report: &mut Report) -> Result<()> {
    let mut contenders = contenders().await?;
    let (mut own, mut database) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let cost = load::cost(server.pid, ADDRESS, cart::ORDER, &RIGHT).await?;
        own.push(cost.own);
        database.push(cost.children);
        for contender in &mut contenders {
            let Cost { own, children } =
                load::cost(contender.peer.pid()?, &contender.peer.address, cart::ORDER, &contender.expected).await?;
            contender.costs.push(own + children);
        }
    }
    let own = median(own);
    report.set("cpu_us_per_request", own);
    report.set("postgres_cpu_us_per_request", median(database));
    for contender in contenders {
        let cost = median(contender.costs);
        report.set(contender.figure, cost);
        report.set(contender.ratio, own / cost);
    }
    Ok(())
}

/// Those that are written here must run; those of others are left out where they can't be had.
async fn contenders() -> Result<Vec<Contender>> {
    let own = [
        ("hello_cpu_us_per_request", "cpu_over_hyper", Some(Peer::own("hello", 18081).await?), GREETING),
        ("first_design_cpu_us_per_request", "cpu_over_first_design", Some(Peer::own("first-design", 18082).await?), RIGHT),
    ];
    let others = [
        ("workerd_cpu_us_per_request", "cpu_over_workerd", Peer::workerd(18083).await, RIGHT),
        ("wasmtime_serve_cpu_us_per_request", "cpu_over_wasmtime_serve", Peer::wasmtime_serve(18084).await, RIGHT),
    ];
    let all = own.into_iter().chain(others);
    let contenders = all.filter_map(|(figure, ratio, peer, expected)| {
        let costs = Vec::with_capacity(ROUNDS);
        Some(Contender { figure, ratio, peer: peer?, expected, costs })
    });
    Ok(contenders.collect())
}
