//! What is sent, and what is believed of what comes back.

use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE, rdata::RData};

use crate::{NoAnswer, Records};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Ipv4,
    Ipv6,
}

impl Kind {
    fn record(self) -> TYPE {
        match self {
            Self::Text => TYPE::TXT,
            Self::Ipv4 => TYPE::A,
            Self::Ipv6 => TYPE::AAAA,
        }
    }
}

pub(crate) fn question(id: u16, name: &str, kind: Kind) -> Result<Vec<u8>, NoAnswer> {
    let name = Name::new(name).map_err(|_| NoAnswer::Malformed)?;
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(name, QTYPE::TYPE(kind.record()), QCLASS::CLASS(CLASS::IN), false));
    packet.build_bytes_vec().map_err(|_| NoAnswer::Malformed)
}

/// The records of an answer to this question; `None` if it was cut.
pub(crate) fn read(bytes: &[u8], id: u16, name: &str, kind: Kind) -> Result<Option<Records>, NoAnswer> {
    let packet = Packet::parse(bytes).map_err(|_| NoAnswer::Malformed)?;
    let is_ours = |question: &Question<'_>| question.qname.to_string().eq_ignore_ascii_case(name);
    if packet.id() != id || !packet.has_flags(PacketFlag::RESPONSE) || !packet.questions.iter().all(is_ours) {
        return Err(NoAnswer::Malformed);
    }
    match packet.rcode() {
        RCODE::NoError => {}
        RCODE::NameError => return Ok(Some(Records::default())),
        other => return Err(NoAnswer::Refused(format!("{other:?}"))),
    }
    if packet.has_flags(PacketFlag::TRUNCATION) {
        return Ok(None);
    }
    let mut records = Records::default();
    for record in packet.answers {
        match (kind, record.rdata) {
            (Kind::Text, RData::TXT(text)) => records.texts.extend(String::try_from(text).ok()),
            (Kind::Ipv4, RData::A(address)) => records.addresses.push(std::net::Ipv4Addr::from_bits(address.address).into()),
            (Kind::Ipv6, RData::AAAA(address)) => records.addresses.push(std::net::Ipv6Addr::from_bits(address.address).into()),
            _ => {}
        }
    }
    Ok(Some(records))
}
