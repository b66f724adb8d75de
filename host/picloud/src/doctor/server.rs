//! The running server, and the resolvers it asks.

use std::{io, net::SocketAddr, time::Duration};

use dns::{Kind, NoAnswer, Patience};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::Finding;
use crate::config::Config;

/// A server on the same machine that needs longer does not answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// For a resolver.
const RESOLVER: Patience = Patience { wait: Duration::from_secs(2), tries: 2 };
/// Every resolver knows something of it, if only that it is reserved.
const NAME: &str = "example.com";

pub(super) async fn readiness(config: &Config) -> Finding {
    const CHECK: &str = "server";
    let address = config.internal_bind;
    let todo = "look into its log";
    match timeout(PATIENCE, ask(address)).await {
        Ok(Ok(text)) if text.starts_with("ready") => Finding::ok(CHECK, format!("a server answers at {address} and is ready")),
        Ok(Ok(text)) if text.starts_with("degraded") => Finding::warning(
            CHECK,
            format!("the server at {address} is {text}"),
            "part of what it does is not available",
            "see the finding on the database",
        ),
        Ok(Ok(text)) => Finding::error(CHECK, format!("the server at {address} is {text}"), "it does not want requests now", todo),
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            let why = "nothing is served; before the first start that is as it should be";
            Finding::warning(
                CHECK,
                format!("no server runs (internal_bind {address})"),
                why,
                "start `picloud serve`, with the same configuration",
            )
        }
        Ok(Err(error)) => Finding::error(
            CHECK,
            format!("what listens at {address} is no PiCloud: {error}"),
            "its health can't be asked",
            "look what it is with ss -ltnp",
        ),
        Err(_elapsed) => {
            Finding::error(CHECK, format!("the server at {address} does not answer within {} s", PATIENCE.as_secs()), "it hangs", todo)
        }
    }
}

/// The text of `/readyz`.
async fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| io::Error::other("it does not speak HTTP"))?;
    if !(head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.1 503")) {
        return Err(io::Error::other(format!("it answered {}", head.lines().next().unwrap_or_default())));
    }
    Ok(body.trim().to_owned())
}

pub(super) async fn resolvers(config: &Config) -> Vec<Finding> {
    const CHECK: &str = "resolver";
    let resolvers = config.resolvers();
    if resolvers.is_empty() {
        let why = "scripts can call no other server by name, and domains of apps can't be proved";
        return vec![Finding::warning(CHECK, "this machine names no resolver", why, "name one in /etc/resolv.conf, or set dns_resolvers")];
    }
    let mut findings = Vec::new();
    for resolver in resolvers {
        findings.push(match dns::ask(resolver, NAME, Kind::Ipv4, RESOLVER).await {
            // That it does not want to say is an answer.
            Ok(_) | Err(NoAnswer::Refused(_)) => Finding::ok(CHECK, format!("the resolver {resolver} answers")),
            Err(error) => Finding::warning(
                CHECK,
                format!("the resolver {resolver} {error}"),
                "scripts that call other servers by name fail or wait, and domains of apps can't be proved",
                "correct /etc/resolv.conf, or set dns_resolvers; a firewall may keep UDP port 53 closed",
            ),
        });
    }
    findings
}
