//! The one question that the proof of a domain asks: which texts are at this name, right now? (S-7.2)
//!
//! Asked of the resolvers that the instance's owner names, each by itself and without a cache. Called by `api/domains.rs` when somebody asks for the proof, and by `domain_proof` every day.

use std::{fmt, net::SocketAddr, time::Duration};

use ::dns::{Kind, NoAnswer, Patience};
use futures_util::future::join_all;

/// Resolvers that have to agree, of those that are named.
const RESOLVERS_ASKED_MAX: usize = 2;
const PATIENCE: Patience = Patience { wait: Duration::from_secs(2), tries: 2 };
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

/// Without control characters, cut to a readable length.
async fn texts(server: SocketAddr, name: &str) -> Result<Vec<String>, NoAnswer> {
    let records = ::dns::ask(server, name, Kind::Text, PATIENCE).await?;
    let shown = |text: String| text.chars().filter(|character| !character.is_control()).take(TEXT_CHARS_MAX).collect();
    Ok(records.texts.into_iter().take(TEXTS_MAX).map(shown).collect())
}
