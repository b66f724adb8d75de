#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;

fn reachable(address: &str) -> bool {
    let own = ["5.5.5.5", "2600::5", "::ffff:6.6.6.6"].map(|own| own.parse().unwrap());
    check(&[address.parse().unwrap()], 443, &OperatorRules::default(), &own).is_some()
}

#[test]
fn s_5_3_special_addresses_are_not_public() {
    // The first and the last address of every range of the registries.
    for network in SPECIAL_V4.iter().chain(&SPECIAL_V6) {
        let (first, bits) = (network.address(), network.prefix_bits());
        let last: IpAddr = match first {
            IpAddr::V4(first) => Ipv4Addr::from_bits(first.to_bits() | u32::MAX.checked_shr(bits).unwrap_or(0)).into(),
            IpAddr::V6(first) => std::net::Ipv6Addr::from_bits(first.to_bits() | u128::MAX.checked_shr(bits).unwrap_or(0)).into(),
        };
        assert!(!network.has_stray_bits() && network.contains(first) && network.contains(last), "{network}");
        assert!(!reachable(&first.to_string()) && !reachable(&last.to_string()), "{network}");
    }
    let others = [
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:8.8.8.8",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::8.8.8.8",
        "64:ff9b:0:1::8.8.8.8",
        "100::1",
        "100:0:0:1::1",
        "2001::8.8.8.8",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:1ff:ffff::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff:fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "febf::1",
        "ff02::1",
    ];
    for address in others {
        assert!(!reachable(address), "{address}");
    }
}

#[test]
fn s_5_3_public_addresses_are() {
    let public = [
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2600::1",
        "2a00::1",
        "3ffe:ffff::1",
    ];
    for address in public {
        assert!(reachable(address), "{address}");
    }
}

#[test]
fn s_5_3_this_machine_is_not_reached_by_its_public_addresses() {
    for address in ["5.5.5.5", "2600::5", "6.6.6.6", "::ffff:5.5.5.5", "64:ff9b::5.5.5.5"] {
        assert!(!reachable(address), "{address}");
    }
    assert!(reachable("5.5.5.6"));
    assert!(of_this_machine().unwrap().contains(&IpAddr::V4(Ipv4Addr::LOCALHOST)));
}

#[test]
fn s_5_2_one_refused_address_refuses_the_name() {
    let check = |addresses: &[&str]| {
        let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        check(&addresses, 80, &OperatorRules::default(), &[]).map(|checked| checked.len())
    };
    assert_eq!(check(&["1.1.1.1", "2600::1"]), Some(2));
    assert_eq!(check(&["1.1.1.1", "10.0.0.1"]), None);
    assert_eq!(check(&["::1", "1.1.1.1"]), None);
    assert_eq!(check(&[]), None);
}

#[test]
fn the_operator_opens_and_denies() {
    let rules = OperatorRules::new(
        vec!["10.1.0.0/16:8080".parse().unwrap(), "[fd00::/8]:*".parse().unwrap(), "5.5.5.5:8080".parse().unwrap()],
        vec!["10.1.9.0/24".parse().unwrap(), "9.9.9.9".parse().unwrap()],
    );
    let reachable = |address: &str, port: u16| check(&[address.parse().unwrap()], port, &rules, &["5.5.5.5".parse().unwrap()]).is_some();
    for (address, port) in [("10.1.2.3", 8080), ("::ffff:10.1.2.3", 8080), ("fd00::1", 1), ("5.5.5.5", 8080), ("8.8.8.8", 1)] {
        assert!(reachable(address, port), "{address} {port}");
    }
    for (address, port) in [
        ("10.1.2.3", 80),
        ("10.2.0.1", 8080),
        ("10.1.9.1", 8080),
        ("9.9.9.9", 443),
        ("64:ff9b::9.9.9.9", 443),
        ("5.5.5.5", 80),
        ("64:ff9b::10.1.2.3", 8080),
    ] {
        assert!(!reachable(address, port), "{address} {port}");
    }
}
