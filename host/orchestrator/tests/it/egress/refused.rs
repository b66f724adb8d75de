//! The table of spellings: none of them reaches this machine (S-5, S-2.7).

use orchestrator::egress::EgressError;

use super::{Names, Way, canary::Canary};

/// Spellings of loopback and of what else is not public. `PORT` is where the canary listens.
const SPELLINGS: &[&str] = &[
    // IPv4, every way that a parser may read.
    "http://127.0.0.1:PORT/",
    "http://127.1:PORT/",
    "http://127.0.1:PORT/",
    "http://127.00.00.01:PORT/",
    "http://2130706433:PORT/",
    "http://0x7f000001:PORT/",
    "http://0x7f.0.0.1:PORT/",
    "http://0x7f.1:PORT/",
    "http://0X7F.0X0.0X0.0X1:PORT/",
    "http://017700000001:PORT/",
    "http://0177.0.0.1:PORT/",
    "http://0177.1:PORT/",
    "http://127.0.0.1.:PORT/",
    "http://127.127.127.127:PORT/",
    "http://0:PORT/",
    "http://0.0.0.0:PORT/",
    "http://0x0:PORT/",
    "http://00000000000:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://127%2E0%2E0%2E1:PORT/",
    // Digits and dots of other scripts.
    "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1:PORT/",
    "http://127\u{3002}0\u{3002}0\u{3002}1:PORT/",
    "http://127\u{ff0e}0\u{ff0e}0\u{ff0e}1:PORT/",
    "http://127\u{ff61}0\u{ff61}0\u{ff61}1:PORT/",
    "http://\u{2460}\u{2461}\u{2466}.0.0.1:PORT/",
    "http://\u{1d7cf}27.0.0.1:PORT/",
    "http://127.0.0.1\u{ad}:PORT/",
    // IPv6, and IPv4 inside of it.
    "http://[::1]:PORT/",
    "http://[0:0:0:0:0:0:0:1]:PORT/",
    "http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/",
    "http://[::]:PORT/",
    "http://[::ffff:127.0.0.1]:PORT/",
    "http://[::ffff:7f00:1]:PORT/",
    "http://[::FFFF:7F00:0001]:PORT/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
    "http://[::127.0.0.1]:PORT/",
    "http://[::7f00:1]:PORT/",
    "http://[::ffff:0:7f00:1]:PORT/",
    "http://[64:ff9b::127.0.0.1]:PORT/",
    "http://[64:ff9b::7f00:1]:PORT/",
    "http://[64:ff9b:1::7f00:1]:PORT/",
    "http://[2002:7f00:1::]:PORT/",
    "http://[2001:0:7f00:1::80ff:fffe]:PORT/",
    "http://[fe80::1]:PORT/",
    "http://[fe80::1%25lo]:PORT/",
    "http://[::1%25lo]:PORT/",
    "http://[::1%lo]:PORT/",
    "http://[fc00::1]:PORT/",
    "http://[fec0::1]:PORT/",
    "http://[ff02::1]:PORT/",
    // Metadata of clouds, and private networks.
    "http://169.254.169.254/latest/meta-data/",
    "http://[::ffff:a9fe:a9fe]/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://0xa9fea9fe/",
    "http://metadata.google.internal/",
    "http://Metadata.Google.Internal./",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://[fd00:ec2::254]/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    // Names.
    "http://localhost:PORT/",
    "http://LOCALHOST:PORT/",
    "http://localhost.:PORT/",
    "http://a.localhost:PORT/",
    "http://\u{24db}\u{24de}\u{24d2}\u{24d0}\u{24db}\u{24d7}\u{24de}\u{24e2}\u{24e3}:PORT/",
    "http://loc\u{ad}alhost:PORT/",
    "http://127.0.0.1.wildcard.test:PORT/",
    "http://mapped.test:PORT/",
    "http://mixed.test:PORT/",
    "http://mixed6.test:PORT/",
    "http://translated.test:PORT/",
    "http://nothing.test:PORT/",
    "http://unknown.test:PORT/",
    // Other readings of who is asked.
    "http://good.test@127.0.0.1:PORT/",
    "http://good.test:80@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT/#@good.test/",
    "http://127.0.0.1:PORT#@good.test/",
    "http://127.0.0.1:PORT\\@good.test/",
    "http://127.0.0.1:PORT?@good.test/",
    "http:127.0.0.1:PORT/",
    "http:/127.0.0.1:PORT/",
    "http:///127.0.0.1:PORT/",
    "http:////127.0.0.1:PORT/",
    "http:\\\\127.0.0.1:PORT\\",
    "HTTP://127.0.0.1:PORT/",
    "https://127.0.0.1:PORT/",
    "//127.0.0.1:PORT/",
    "127.0.0.1:PORT/",
    "http://127.0.0.1:0PORT/",
    "http://127.0.0.1 :PORT/",
    "http://127.0.\t0.1:PORT/",
    "http://127.0.0.1\n:PORT/",
    "\thttp://127.0.0.1:PORT/",
    "http://127.0.0.1:PORT/\r\nHost: good.test",
    "http://good.test\r\n@127.0.0.1:PORT/",
    // Other ways to speak.
    "ftp://127.0.0.1:PORT/",
    "gopher://127.0.0.1:PORT/_GET%20/",
    "file:///etc/passwd",
    "dict://127.0.0.1:PORT/",
    "ws://127.0.0.1:PORT/",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "unix:///run/docker.sock",
    "blob:http://127.0.0.1:PORT/1",
    "",
];

fn names() -> Names {
    Names::new(&[
        "localhost: 127.0.0.1",
        "a.localhost: ::1",
        "127.0.0.1.wildcard.test: 127.0.0.1",
        "mapped.test: ::ffff:127.0.0.1",
        "mixed.test: 93.184.216.34 127.0.0.1",
        "mixed6.test: 93.184.216.34 2606:2800:220:1::1 ::1",
        "translated.test: 64:ff9b::127.0.0.1",
        "nothing.test: ",
        "metadata.google.internal: 93.184.216.34",
        "good.test: 93.184.216.34",
    ])
}

#[tokio::test]
async fn s_5_no_spelling_reaches_the_canary() {
    let canary = Canary::start().await;
    assert!(SPELLINGS.len() >= 100);
    for spelling in SPELLINGS {
        // An app of its own for each, so that none is refused because there were too many before.
        let way = Way::new(&[canary.port], &[], names(), None);
        let url = spelling.replace("PORT", &canary.port.to_string());
        let error = way.get(&url).await.unwrap_err();
        let expected = [
            EgressError::InvalidUrl(""),
            EgressError::AddressNotPublic(String::new()),
            EgressError::NotAllowed(String::new()),
            EgressError::ResolveFailed(String::new()),
        ];
        assert!(expected.iter().any(|expected| expected.code() == error.code()), "{url}: {error:?}");
        assert_eq!(way.watched.dialled(), [], "{url}");
    }
    canary.sings().await;
}

#[tokio::test]
async fn s_5_3_the_addresses_of_this_machine_are_refused() {
    for interface in if_addrs::get_if_addrs().unwrap() {
        let way = Way::new(&[9], &[], Names::default(), None);
        let host = match interface.ip() {
            std::net::IpAddr::V4(address) => address.to_string(),
            std::net::IpAddr::V6(address) => format!("[{address}]"),
        };
        assert_eq!(way.get(&format!("http://{host}/")).await.unwrap_err(), EgressError::AddressNotPublic(host));
        assert_eq!(way.watched.dialled(), []);
    }
}

#[tokio::test]
async fn s_5_2_a_name_that_changes_is_connected_to_as_it_was_checked() {
    let canary = Canary::start().await;
    // Public when it is asked first, loopback the next time, and so on.
    let rebinding = || Names::new(&["rebind.test: 93.184.216.34|127.0.0.1"]);
    let way = Way::new(&[canary.port], &[], rebinding(), None);
    let url = format!("http://rebind.test:{}/", canary.port);
    for turn in 0..20 {
        let error = way.get(&url).await.unwrap_err();
        let expected = if turn % 2 == 0 { "connect_failed" } else { "address_not_public" };
        assert_eq!(error.code(), expected, "{turn}");
    }
    let public: std::net::IpAddr = "93.184.216.34".parse().unwrap();
    assert!(way.watched.dialled().iter().all(|dialled| dialled.ip() == public));
    assert_eq!(way.watched.dialled().len(), 10, "one connection for each answer that was public");
    canary.sings().await;
}

#[tokio::test]
async fn s_5_6_what_is_not_listed_is_not_looked_up() {
    let way = Way::new(&[], &[], names(), None);
    assert_eq!(way.get("http://good.test:8080/").await.unwrap_err(), EgressError::NotAllowed("http://good.test:8080".into()));
    way.app.set(orchestrator::egress::Policy::default());
    assert_eq!(way.get("http://good.test/").await.unwrap_err(), EgressError::NotAllowed("http://good.test".into()));
    assert_eq!(way.watched.dialled(), []);
}
