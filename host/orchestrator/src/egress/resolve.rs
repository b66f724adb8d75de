//! From a name to all of its addresses (S-5.2).

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    time::Duration,
};

use dns::{Kind, NoAnswer, Patience};
use futures_util::future::join;

use super::address;

/// Looks names up: the machine's resolvers, or a test's answers. The answer is checked and connected to as it is: nobody asks twice.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of a name (lower-case A-labels, no trailing dot), of both families.
    fn resolve<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;
}

/// The file that names hosts on this machine.
const HOSTS: &str = "/etc/hosts";
/// Resolvers that are asked, one after the other, until one says something.
const RESOLVERS_ASKED_MAX: usize = 3;
const PATIENCE: Patience = Patience { wait: Duration::from_millis(900), tries: 1 };

/// `/etc/hosts`, then these resolvers. No search list (a name means the same for everybody) and no cache (apps would learn from each other's).
#[derive(Debug, Clone)]
pub struct Resolvers {
    servers: Vec<SocketAddr>,
}

impl Resolvers {
    /// Without a server only addresses, `localhost` and what the file has can be called.
    #[must_use]
    pub fn new(mut servers: Vec<SocketAddr>) -> Self {
        servers.truncate(RESOLVERS_ASKED_MAX);
        Self { servers }
    }

    async fn ask(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut last = NoAnswer::Unreachable;
        for server in &self.servers {
            match addresses(*server, name).await {
                Ok(addresses) => return Ok(addresses),
                Err(error) => last = error,
            }
        }
        Err(io::Error::other(last))
    }
}

/// Of both families. One of them may fail: what is not known is not connected to.
async fn addresses(server: SocketAddr, name: &str) -> Result<Vec<IpAddr>, NoAnswer> {
    let ask = |kind| dns::ask(server, name, kind, PATIENCE);
    match join(ask(Kind::Ipv4), ask(Kind::Ipv6)).await {
        (Ok(v4), Ok(v6)) => Ok([v4.addresses, v6.addresses].concat()),
        (Ok(one), Err(error)) | (Err(error), Ok(one)) => {
            if one.addresses.is_empty() {
                Err(error)
            } else {
                Ok(one.addresses)
            }
        }
        (Err(error), Err(_)) => Err(error),
    }
}

impl Resolve for Resolvers {
    fn resolve<'a>(&'a self, name: &'a str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>> {
        Box::pin(async move {
            if let Some(address) = address::of_localhost(name) {
                return Ok(vec![address]);
            }
            // A machine without the file has no such names.
            let hosts = tokio::fs::read_to_string(HOSTS).await.unwrap_or_default();
            let found = of_hosts(&hosts, name);
            if found.is_empty() { self.ask(name).await } else { Ok(found) }
        })
    }
}

/// The lines `<address> <name>...`.
fn of_hosts(text: &str, name: &str) -> Vec<IpAddr> {
    let address = |line: &str| {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?.parse().ok()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then_some(address)
    };
    text.lines().filter_map(address).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn the_file_names_hosts() {
        let text = "127.0.0.1 localhost\n10.0.0.1\tNAS nas.lan # not.this\n\n# 10.0.0.2 nas\nfd00::1 nas\nfe80::1%eth0 nas\nx nas\n";
        let found = |name: &str| of_hosts(text, name).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!([found("nas"), found("nas.lan"), found("not.this"), found("lan")], ["10.0.0.1 fd00::1", "10.0.0.1", "", ""]);
    }

    #[tokio::test]
    async fn names_of_this_machine_are_not_asked_for() {
        let resolvers = Resolvers::new(Vec::new());
        let localhost: IpAddr = "127.0.0.1".parse().unwrap();
        for name in ["localhost", "shop.localhost"] {
            assert_eq!(resolvers.resolve(name).await.unwrap(), [localhost]);
        }
        assert!(resolvers.resolve("unknown.test").await.is_err());
    }
}
