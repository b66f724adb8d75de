//! A small DNS server on loopback, by UDP and TCP: TXT records that the test changes.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use simple_dns::{
    CLASS, Name, Packet, PacketFlag, RCODE, ResourceRecord,
    rdata::{RData, TXT},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, UdpSocket},
    task::JoinHandle,
};

type Records = Arc<Mutex<HashMap<String, Vec<String>>>>;

/// Answers until it is dropped. Names that begin with `_picloud-challenge.broken` get nonsense, with `.refused` a failure.
pub(crate) struct DnsServer {
    pub(crate) address: SocketAddr,
    records: Records,
    tasks: [JoinHandle<()>; 2],
}

impl DnsServer {
    pub(crate) async fn start() -> Self {
        let records = Records::default();
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = tcp.local_addr().unwrap();
        let udp = UdpSocket::bind(address).await.unwrap();
        let tasks = [tokio::spawn(by_udp(udp, records.clone())), tokio::spawn(by_tcp(tcp, records.clone()))];
        Self { address, records, tasks }
    }

    /// The texts that are at a name from now on.
    pub(crate) fn put(&self, name: &str, texts: &[&str]) {
        self.records.lock().unwrap().insert(name.to_owned(), texts.iter().map(|text| (*text).to_owned()).collect());
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn by_udp(socket: UdpSocket, records: Records) {
    let mut question = [0; 512];
    loop {
        let (length, asker) = socket.recv_from(&mut question).await.unwrap();
        let mut answer = answer(&question[..length], &records);
        // What does not fit is cut, as servers without EDNS do.
        if answer.len() > 512 {
            let asked = Packet::parse(&question[..length]).unwrap();
            let mut cut = asked.into_reply();
            cut.set_flags(PacketFlag::TRUNCATION);
            answer = cut.build_bytes_vec().unwrap();
        }
        socket.send_to(&answer, asker).await.unwrap();
    }
}

async fn by_tcp(listener: TcpListener, records: Records) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut question).await.unwrap();
        let answer = answer(&question, &records);
        stream.write_u16(answer.len().try_into().unwrap()).await.unwrap();
        stream.write_all(&answer).await.unwrap();
    }
}

fn answer(question: &[u8], records: &Records) -> Vec<u8> {
    let asked = Packet::parse(question).unwrap();
    let name = asked.questions[0].qname.to_string();
    if name.starts_with("_picloud-challenge.broken") {
        return b"nonsense".to_vec();
    }
    let mut reply = asked.into_reply();
    if name.starts_with("_picloud-challenge.refused") {
        *reply.rcode_mut() = RCODE::ServerFailure;
        return reply.build_bytes_vec().unwrap();
    }
    let texts = records.lock().unwrap().get(&name).cloned();
    match &texts {
        None => *reply.rcode_mut() = RCODE::NameError,
        Some(texts) => reply.answers.extend(texts.iter().map(|text| {
            let data = RData::TXT(TXT::new().with_string(text).unwrap());
            ResourceRecord::new(Name::new_unchecked(&name).into_owned(), CLASS::IN, 60, data.into_owned())
        })),
    }
    reply.build_bytes_vec().unwrap()
}
