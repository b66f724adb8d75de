//! Whatever URL, redirect and answers of resolvers there are: only public addresses are dialled.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

use super::{Names, Way, upstream::Upstream};

/// Written anew, and otherwise than the product's tables: by numbers.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            let special = matches!(
                (a, b, c),
                (0 | 10 | 127 | 224.., _, _)
                    | (100, 64..=127, _)
                    | (169, 254, _)
                    | (172, 16..=31, _)
                    | (192, 0, 0 | 2)
                    | (192, 88, 99)
                    | (192, 168, _)
                    | (198, 18 | 19, _)
                    | (198, 51, 100)
                    | (203, 0, 113)
            );
            !special
        }
        IpAddr::V6(address) => {
            let segments = address.segments();
            if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
                let [.., a, b, c, d] = address.octets();
                return is_public(IpAddr::V4(Ipv4Addr::new(a, b, c, d)));
            }
            let special = matches!(
                (segments[0], segments[1]),
                (..=0x1fff | 0x2002 | 0x4000.., _) | (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff)
            );
            !special
        }
    }
}

/// Addresses near the borders of what is special, and any.
fn any_v4() -> impl Strategy<Value = Ipv4Addr> {
    let firsts = prop::sample::select(vec![
        [0, 0],
        [10, 0],
        [100, 63],
        [100, 64],
        [100, 127],
        [100, 128],
        [126, 255],
        [127, 0],
        [127, 255],
        [128, 0],
        [169, 254],
        [172, 15],
        [172, 16],
        [172, 31],
        [172, 32],
        [192, 0],
        [192, 88],
        [192, 168],
        [198, 18],
        [198, 19],
        [198, 20],
        [198, 51],
        [203, 0],
        [223, 255],
        [224, 0],
        [255, 255],
    ]);
    let near =
        (firsts, prop::sample::select(vec![0, 2, 99, 100, 113, 255]), any::<u8>()).prop_map(|([a, b], c, d)| Ipv4Addr::new(a, b, c, d));
    prop_oneof![near, any::<u32>().prop_map(Ipv4Addr::from_bits)]
}

fn any_v6() -> impl Strategy<Value = Ipv6Addr> {
    let prefixes = prop::sample::select(vec![
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0xffff],
        [0, 0, 0, 0, 0xffff, 0],
        [0x64, 0xff9b, 0, 0, 0, 0],
        [0x64, 0xff9b, 1, 0, 0, 0],
        [0x100, 0, 0, 0, 0, 0],
        [0x2001, 0, 0, 0, 0, 0],
        [0x2001, 0x1ff, 0, 0, 0, 0],
        [0x2001, 0x200, 0, 0, 0, 0],
        [0x2001, 0xdb8, 0, 0, 0, 0],
        [0x2002, 0x7f00, 1, 0, 0, 0],
        [0x2600, 0, 0, 0, 0, 0],
        [0x3fff, 0, 0, 0, 0, 0],
        [0x3fff, 0x1000, 0, 0, 0, 0],
        [0x5f00, 0, 0, 0, 0, 0],
        [0xfc00, 0, 0, 0, 0, 0],
        [0xfe80, 0, 0, 0, 0, 0],
        [0xff02, 0, 0, 0, 0, 0],
    ]);
    let with_v4 = (prefixes, any_v4()).prop_map(|([a, b, c, d, e, f], v4)| {
        let [w, x, y, z] = v4.octets();
        Ipv6Addr::new(a, b, c, d, e, f, u16::from_be_bytes([w, x]), u16::from_be_bytes([y, z]))
    });
    prop_oneof![with_v4, any::<u128>().prop_map(Ipv6Addr::from_bits)]
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![any_v4().prop_map(IpAddr::V4), any_v6().prop_map(IpAddr::V6)]
}

/// A host of a URL: an address in one of its spellings, the name that the resolver knows, or anything.
fn any_host() -> impl Strategy<Value = String> {
    let v4 = (any_v4(), 0..7).prop_map(|(address, spelling)| {
        let ([a, b, c, d], bits) = (address.octets(), address.to_bits());
        match spelling {
            0 => address.to_string(),
            1 => bits.to_string(),
            2 => format!("{bits:#x}"),
            3 => format!("0{bits:o}"),
            4 => format!("{a}.{}", bits & 0x00ff_ffff),
            5 => format!("{a:#x}.0{b:o}.{c}.{d}."),
            _ => address.to_ipv6_mapped().to_string().replace("::", "[::") + "]",
        }
    });
    prop_oneof![
        v4,
        any_v6().prop_map(|address| format!("[{address}]")),
        Just("named.test".to_owned()),
        Just("user@named.test".to_owned()),
        "[a-z0-9.:@\\[\\]%\u{ff10}-\u{ff19}\u{3002}/\\\\-]{1,20}",
    ]
}

fn any_url() -> impl Strategy<Value = String> {
    let rest =
        prop_oneof![Just("/"), Just(":80/"), Just(":443/a"), Just(":8080/"), Just("?a"), Just("#@named.test"), Just("\\@named.test")];
    (prop_oneof![Just("http://"), Just("https://"), Just("http:"), Just("//")], any_host(), rest)
        .prop_map(|(scheme, host, rest)| format!("{scheme}{host}{rest}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn e1_only_public_addresses_are_dialled(
        url in any_url(),
        is_redirect in any::<bool>(),
        answers in prop::collection::vec(prop::collection::vec(any_address(), 0..4), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let dialled = runtime.block_on(async {
            let location = url.clone();
            let redirector = Upstream::start(move |mut stream, _| {
                let answer = format!("HTTP/1.1 307 T\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
                async move { drop(stream.write_all(answer.as_bytes()).await) }
            }).await;
            let turns: Vec<String> = answers.iter().map(|answer| answer.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect();
            let names = Names::new(&[&format!("named.test: {}", turns.join("|")), "first.test: 93.184.216.34"]);
            let way = Way::new(&[8080], &[], names, is_redirect.then_some(redirector.address));
            let first = if is_redirect { "http://first.test/".to_owned() } else { url.clone() };
            // How it ends is not the matter.
            let _ = way.get(&first).await;
            way.watched.dialled()
        });
        for address in dialled {
            prop_assert!(is_public(address.ip()), "{url} led to {address}");
        }
    }
}

/// The generators do lead somewhere: otherwise the property would hold of nothing.
#[test]
fn the_oracle_knows_both_kinds() {
    for public in ["8.8.8.8", "2600::1", "64:ff9b::8.8.8.8"] {
        assert!(is_public(public.parse().unwrap()), "{public}");
    }
    for special in ["127.0.0.1", "::1", "::ffff:8.8.8.8", "64:ff9b::127.0.0.1", "2001:db8::1", "fe80::1"] {
        assert!(!is_public(special.parse().unwrap()), "{special}");
    }
}
