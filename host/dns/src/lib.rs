//! One question to one resolver, by UDP and, where the answer does not fit, by TCP. Without a cache.
//!
//! Asked by the manager for the proofs of domains and by the orchestrator for the names that scripts call. Which resolvers there are, and what
//! their answers are good for, is their matter.

#![forbid(unsafe_code)]

mod packet;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

pub use packet::Kind;

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// How long is waited for a resolver.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For one try.
    pub wait: Duration,
    /// A packet may be lost.
    pub tries: u32,
}

/// Records of the kind that was asked for. Behind an alias (CNAME) they belong to another name: a resolver puts them there only where they belong
/// to the question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    pub texts: Vec<String>,
    pub addresses: Vec<IpAddr>,
}

/// Why a resolver did not say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    #[error("did not answer in time")]
    Silent,
    #[error("could not be reached")]
    Unreachable,
    #[error("sent something that is no answer")]
    Malformed,
    #[error("answered {0}")]
    Refused(String),
}

/// Asks a resolver for records of a name (without a dot at its end). A name that does not exist has none.
///
/// # Errors
/// [`NoAnswer`], of the last try.
pub async fn ask(server: SocketAddr, name: &str, kind: Kind, patience: Patience) -> Result<Records, NoAnswer> {
    let mut outcome = Err(NoAnswer::Silent);
    for _ in 0..patience.tries {
        outcome = match timeout(patience.wait, ask_once(server, name, kind)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(NoAnswer::Silent),
        };
        if !matches!(outcome, Err(NoAnswer::Silent | NoAnswer::Malformed)) {
            break;
        }
    }
    outcome
}

async fn ask_once(server: SocketAddr, name: &str, kind: Kind) -> Result<Records, NoAnswer> {
    let mut id = [0; 2];
    getrandom::fill(&mut id).map_err(|_| NoAnswer::Unreachable)?;
    let id = u16::from_be_bytes(id);
    let question = packet::question(id, name, kind)?;
    let answer = by_udp(server, &question).await.map_err(|_| NoAnswer::Unreachable)?;
    match packet::read(&answer, id, name, kind)? {
        Some(records) => Ok(records),
        None => {
            let answer = by_tcp(server, &question).await.map_err(|_| NoAnswer::Unreachable)?;
            packet::read(&answer, id, name, kind)?.ok_or(NoAnswer::Malformed)
        }
    }
}

/// From a port of the system's choice, which an attacker has to guess as well as the id.
async fn by_udp(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    // Connected: packets of others are not received.
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; ANSWER_BYTES_MAX];
    let length = socket.recv(&mut answer).await?;
    answer.truncate(length);
    Ok(answer)
}

async fn by_tcp(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    stream.write_u16(u16::try_from(question.len()).map_err(std::io::Error::other)?).await?;
    stream.write_all(question).await?;
    let length = usize::from(stream.read_u16().await?);
    if length > ANSWER_BYTES_MAX {
        return Err(std::io::Error::other("the answer is too long"));
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests;
