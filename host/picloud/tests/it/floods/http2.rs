//! HTTP/2 at the program itself. It is not spoken there: a proxy in front speaks it with browsers. So whatever is made of frames is one request that is
//! malformed, and the end of its connection.

use super::{attackers::Attackers, while_attacked};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const FRAMES: usize = 20_000;

/// Types of frames (RFC 9113 section 6).
mod kind {
    pub(super) const DATA: u8 = 0;
    pub(super) const HEADERS: u8 = 1;
    pub(super) const RST_STREAM: u8 = 3;
    pub(super) const SETTINGS: u8 = 4;
    pub(super) const PING: u8 = 6;
    pub(super) const CONTINUATION: u8 = 9;
}

/// `GET / http` from the static table.
const HEAD: &[u8] = &[0x82, 0x84, 0x86];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn attack(one: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    let frames = (0..u32::try_from(FRAMES).unwrap()).flat_map(|number| one(2 * number + 1));
    PREFACE.iter().copied().chain(frame(kind::SETTINGS, 0, 0, &[])).chain(frames).collect()
}

fn attacks() -> Vec<(&'static str, Vec<u8>)> {
    let begun = |stream| frame(kind::HEADERS, 0, stream, HEAD);
    vec![
        (
            "rapid reset",
            attack(|stream| [frame(kind::HEADERS, 5, stream, HEAD), frame(kind::RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()),
        ),
        ("continuation flood", attack(|stream| if stream == 1 { begun(1) } else { frame(kind::CONTINUATION, 0, 1, HEAD) })),
        ("settings flood", attack(|_| frame(kind::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 1]))),
        ("ping flood", attack(|_| frame(kind::PING, 0, 0, &[7; 8]))),
        ("empty data", attack(|stream| if stream == 1 { frame(kind::HEADERS, 4, 1, HEAD) } else { frame(kind::DATA, 0, 1, &[]) })),
        ("no window", attack(|stream| [frame(kind::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]), frame(kind::HEADERS, 5, stream, HEAD)].concat())),
        ("without a preface", frame(kind::SETTINGS, 0, 0, &[]).repeat(FRAMES)),
    ]
}

#[test]
fn s_4_2_frames_of_http_2_are_one_malformed_request() {
    while_attacked(|visitor| {
        let attackers = Attackers::of(visitor.instance.port);
        for (name, bytes) in attacks() {
            let answers = std::thread::scope(|scope| {
                let sending = [2, 3, 4, 5].map(|host| {
                    let (attackers, bytes) = (&attackers, bytes.clone());
                    scope.spawn(move || attackers.send(host, bytes))
                });
                sending.map(|sending| sending.join().unwrap())
            });
            for answer in answers {
                // What begins as HTTP/2 does is closed without a word.
                assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{name}: {answer:?}");
                assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{name}: {answer:?}");
            }
        }
        // Nor is it switched to.
        let upgrade = "GET /echo?n=7 HTTP/1.1\r\nHost: shop.localhost\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n\
                       HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
        let answer = attackers.send(2, upgrade.into());
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("GET 7 "), "{answer}");
        visitor.is_served();
    });
}
