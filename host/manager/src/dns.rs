//! The one question that the proof of a domain asks: which texts are at this name, right now? (S-7.2)
//!
//! Asked of the resolvers that the instance's owner names, each by itself and without a cache, by UDP and, where the answer does not fit,
//! by TCP. Called by `api/domains.rs` when somebody asks for the proof, and by `domain_proof` every day.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use futures_util::future::join_all;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE, rdata::RData};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// Resolvers that have to agree, of those that are named.
const RESOLVERS_ASKED_MAX: usize = 2;
/// How long one try waits, and how many there are: a packet may be lost.
const WAIT: Duration = Duration::from_secs(2);
const TRIES: u32 = 2;
/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Texts of one answer that are looked at, and characters of each.
const TEXTS_MAX: usize = 32;
const TEXT_CHARS_MAX: usize = 255;

/// Who is asked.
#[derive(Debug, Clone, Default)]
pub struct Resolvers {
    servers: Vec<SocketAddr>,
}

/// What one resolver answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    pub resolver: SocketAddr,
    /// The texts, without control characters, cut to a readable length; empty if there are none.
    pub found: Result<Vec<String>, NoAnswer>,
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

/// What came of a look-up, for whoever made the claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The name that was looked up.
    pub name: String,
    pub looked: Vec<Looked>,
}

impl Resolvers {
    /// These, of which the first two are asked.
    #[must_use]
    pub fn new(servers: Vec<SocketAddr>) -> Self {
        Self { servers }
    }

    /// Looks for the TXT records of `_picloud-challenge.<host>`.
    pub async fn look_for_proof(&self, host: &str) -> Evidence {
        let name = format!("_picloud-challenge.{host}");
        let asked = self.servers.iter().take(RESOLVERS_ASKED_MAX);
        let looked = join_all(asked.map(async |resolver| Looked { resolver: *resolver, found: texts(*resolver, &name).await })).await;
        Evidence { name, looked }
    }
}

impl Evidence {
    /// Whether every resolver that was asked sees the challenge.
    #[must_use]
    pub fn proves(&self, challenge: &str) -> bool {
        let sees = |looked: &Looked| looked.found.as_ref().is_ok_and(|texts| texts.iter().any(|text| text == challenge));
        !self.looked.is_empty() && self.looked.iter().all(sees)
    }
}

impl fmt::Display for Evidence {
    /// What was looked up and what was found, as sentences.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TXT {} was looked up.", self.name)?;
        if self.looked.is_empty() {
            return write!(f, " No resolver is configured: the instance's owner has to name one (dns_resolvers).");
        }
        for Looked { resolver, found } in &self.looked {
            match found {
                Ok(texts) if texts.is_empty() => write!(f, " {resolver} has no such record.")?,
                Ok(texts) => {
                    write!(f, " {resolver} has {}.", texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", "))?
                }
                Err(why) => write!(f, " {resolver} {why}.")?,
            }
        }
        Ok(())
    }
}

async fn texts(server: SocketAddr, name: &str) -> Result<Vec<String>, NoAnswer> {
    let mut outcome = Err(NoAnswer::Silent);
    for _ in 0..TRIES {
        outcome = match timeout(WAIT, ask(server, name)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(NoAnswer::Silent),
        };
        if !matches!(outcome, Err(NoAnswer::Silent | NoAnswer::Malformed)) {
            break;
        }
    }
    outcome
}

async fn ask(server: SocketAddr, name: &str) -> Result<Vec<String>, NoAnswer> {
    let mut id = [0; 2];
    getrandom::fill(&mut id).map_err(|_| NoAnswer::Unreachable)?;
    let id = u16::from_be_bytes(id);
    let question = question(id, name)?;
    let answer = by_udp(server, &question).await.map_err(|_| NoAnswer::Unreachable)?;
    match read(&answer, id, name)? {
        Some(texts) => Ok(texts),
        None => {
            let answer = by_tcp(server, &question).await.map_err(|_| NoAnswer::Unreachable)?;
            read(&answer, id, name)?.ok_or(NoAnswer::Malformed)
        }
    }
}

fn question(id: u16, name: &str) -> Result<Vec<u8>, NoAnswer> {
    let name = Name::new(name).map_err(|_| NoAnswer::Malformed)?;
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(name, QTYPE::TYPE(TYPE::TXT), QCLASS::CLASS(CLASS::IN), false));
    packet.build_bytes_vec().map_err(|_| NoAnswer::Malformed)
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

/// The texts of an answer to this question; `None` if it was cut.
fn read(bytes: &[u8], id: u16, name: &str) -> Result<Option<Vec<String>>, NoAnswer> {
    let packet = Packet::parse(bytes).map_err(|_| NoAnswer::Malformed)?;
    let is_ours = |question: &Question<'_>| question.qname.to_string().eq_ignore_ascii_case(name);
    if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) || !packet.questions.iter().all(is_ours) {
        return Err(NoAnswer::Malformed);
    }
    match packet.rcode() {
        RCODE::NoError => {}
        RCODE::NameError => return Ok(Some(Vec::new())),
        other => return Err(NoAnswer::Refused(format!("{other:?}"))),
    }
    if packet.has_flags(PacketFlag::TRUNCATION) {
        return Ok(None);
    }
    // Behind an alias (CNAME) the texts have another name: a resolver puts them here only where they belong to the question.
    let texts = packet.answers.into_iter().filter_map(|record| match record.rdata {
        RData::TXT(text) => String::try_from(text).ok(),
        _ => None,
    });
    let shown = |text: String| text.chars().filter(|character| !character.is_control()).take(TEXT_CHARS_MAX).collect();
    Ok(Some(texts.take(TEXTS_MAX).map(shown).collect()))
}
