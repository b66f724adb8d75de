#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use simple_dns::{
    CLASS, Name, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE,
    rdata::{A, AAAA, CNAME, RData},
};

use super::*;

const PATIENCE: Patience = Patience { wait: Duration::from_secs(60), tries: 1 };

/// A resolver for one question: what it answers is made from what was asked.
async fn resolver(answer: impl FnOnce(Packet<'_>) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut question = [0; 512];
        let (length, asker) = socket.recv_from(&mut question).await.unwrap();
        let answer = answer(Packet::parse(&question[..length]).unwrap());
        socket.send_to(&answer, asker).await.unwrap();
    });
    address
}

fn record(name: &'static str, data: RData<'static>) -> ResourceRecord<'static> {
    ResourceRecord::new(Name::new_unchecked(name), CLASS::IN, 60, data)
}

/// Behind an alias there are an address of each family, whatever was asked for.
fn both(asked: Packet<'_>) -> Vec<u8> {
    assert!(asked.has_flags(PacketFlag::RECURSION_DESIRED));
    assert!(matches!(asked.questions[0].qtype, QTYPE::TYPE(TYPE::A | TYPE::AAAA)));
    let mut reply = asked.into_reply();
    let v4 = "93.184.216.34".parse::<Ipv4Addr>().unwrap();
    let v6 = "2600::1".parse::<Ipv6Addr>().unwrap();
    reply.answers = vec![
        record("www.example.test", RData::CNAME(CNAME(Name::new_unchecked("other.test")))),
        record("other.test", RData::A(A { address: v4.to_bits() })),
        record("other.test", RData::AAAA(AAAA { address: v6.to_bits() })),
    ];
    reply.build_bytes_vec().unwrap()
}

#[tokio::test]
async fn addresses_of_the_kind_that_was_asked_for_are_found_behind_an_alias() {
    for (kind, address) in [(Kind::Ipv4, "93.184.216.34"), (Kind::Ipv6, "2600::1")] {
        let records = ask(resolver(both).await, "www.example.test", kind, PATIENCE).await.unwrap();
        assert_eq!(records.addresses, [address.parse::<IpAddr>().unwrap()]);
        assert_eq!(records.texts, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_name_that_does_not_exist_has_no_addresses_and_a_failure_is_one() {
    let saying = async |code: RCODE| {
        let server = resolver(move |asked| {
            let mut reply = asked.into_reply();
            *reply.rcode_mut() = code;
            reply.build_bytes_vec().unwrap()
        });
        ask(server.await, "www.example.test", Kind::Ipv4, PATIENCE).await
    };
    assert_eq!(saying(RCODE::NameError).await, Ok(Records::default()));
    assert_eq!(saying(RCODE::ServerFailure).await, Err(NoAnswer::Refused("ServerFailure".to_owned())));
}

#[tokio::test]
async fn an_answer_to_another_question_is_none() {
    let other_id = resolver(|asked| {
        let id = asked.id().wrapping_add(1);
        let mut bytes = both(asked);
        bytes[..2].copy_from_slice(&id.to_be_bytes());
        bytes
    });
    assert_eq!(ask(other_id.await, "www.example.test", Kind::Ipv4, PATIENCE).await, Err(NoAnswer::Malformed));
    let other_name = resolver(|asked| {
        let mut reply = asked.into_reply();
        reply.questions[0].qname = Name::new_unchecked("evil.test");
        reply.build_bytes_vec().unwrap()
    });
    assert_eq!(ask(other_name.await, "www.example.test", Kind::Ipv4, PATIENCE).await, Err(NoAnswer::Malformed));
    assert_eq!(ask(resolver(|_| b"nonsense".to_vec()).await, "www.example.test", Kind::Ipv4, PATIENCE).await, Err(NoAnswer::Malformed));
}
