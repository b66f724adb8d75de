//! F8: URLs, redirects and answers of resolvers.
//!
//! Must hold (E1): only public addresses are dialled, whatever a URL says, wherever a redirect leads, and whatever a name resolves to the first and the second
//! time. Nothing leaves this machine: what is dialled is written down and refused, but for the server that redirects.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use execution::{AppLimits, http::Request};
use orchestrator::{
    PreviewKey,
    egress::{AppEgress, Budget, CalledFrom, Checked, Dial, Egress, Entry, OperatorRules, Policy, Resolve},
};
use rustls::RootCertStore;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::Instant,
};

use crate::{given::Given, sandbox::RUNTIME};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where the redirecting server is, as the resolver says. Public, so that it may be dialled.
const REDIRECTING: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 216, 34));
const PORTS: [Option<u16>; 2] = [Some(8080), None];
/// The first two bytes of addresses near the borders of what is special.
const NEAR_V4: [[u8; 2]; 26] = [
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
];
/// The same of IPv6: their first 96 bits.
const NEAR_V6: [[u16; 6]; 18] = [
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
];

/// Panics where something does not hold.
pub fn run(bytes: &[u8]) {
    let mut given = Given::new(bytes);
    let is_redirect = given.is_set();
    let answers = (0..=given.below(3)).map(|_| (0..given.below(4)).map(|_| any_address(&mut given)).collect()).collect();
    let url = if given.byte() > 220 { String::from_utf8_lossy(given.rest()).into_owned() } else { any_url(&mut given) };
    let network = Arc::new(Network { answers, asked: AtomicUsize::new(0), dialled: Mutex::default() });
    RUNTIME.block_on(async {
        let first = if is_redirect {
            *redirector().await.location.lock().unwrap() = url.clone();
            "http://first.test/".to_owned()
        } else {
            url.clone()
        };
        // How it ends is not the matter.
        call(&network, &first).await;
    });
    for address in network.dialled.lock().unwrap().iter() {
        assert!(is_public(address.ip()), "{url:?} led to {address}");
    }
}

async fn call(network: &Arc<Network>, url: &str) {
    let (resolver, dialler): (Arc<dyn Resolve>, Arc<dyn Dial>) = (network.clone(), network.clone());
    let egress = Egress::with(OperatorRules::default(), PreviewKey::new([7; 32]), resolver, dialler, RootCertStore::empty()).unwrap();
    let app = Arc::new(AppEgress::default());
    app.set(Policy::new(PORTS.map(|port| Entry { host: "*".parse().unwrap(), port, scheme: None }).into()));
    let deadline = Instant::now() + Duration::from_secs(5);
    let execution = Arc::new(egress).outbound(app, &AppLimits::default(), CalledFrom::default(), deadline);
    let request = Request { method: "GET".to_owned(), url: url.to_owned(), timeout_ms: Some(5_000), ..Request::default() };
    let _ended = execution.send(request, &Budget::new(1 << 20)).await;
}

/// The internet: names, and whoever is dialled.
#[derive(Debug)]
struct Network {
    /// Of `named.test`, in turn.
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
    dialled: Mutex<Vec<SocketAddr>>,
}

impl Resolve for Network {
    fn resolve<'a>(&'a self, name: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        let answer = match name {
            "first.test" => Ok(vec![REDIRECTING]),
            "named.test" => Ok(self.answers[self.asked.fetch_add(1, Ordering::Relaxed) % self.answers.len()].clone()),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        Box::pin(std::future::ready(answer))
    }
}

impl Dial for Network {
    fn dial(&self, to: Checked) -> BoxFuture<'_, io::Result<TcpStream>> {
        self.dialled.lock().unwrap().push(to.address());
        if to.address().ip() == REDIRECTING && to.address().port() == 80 {
            return Box::pin(async { TcpStream::connect(redirector().await.address).await });
        }
        Box::pin(std::future::ready(Err(io::ErrorKind::ConnectionRefused.into())))
    }
}

/// A server that leads elsewhere.
struct Redirector {
    address: SocketAddr,
    location: Arc<Mutex<String>>,
}

async fn redirector() -> &'static Redirector {
    static REDIRECTOR: OnceLock<Redirector> = OnceLock::new();
    if let Some(redirector) = REDIRECTOR.get() {
        return redirector;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, location) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(String::new())));
    let to = Arc::clone(&location);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 8 << 10];
            let _ = stream.read(&mut request).await;
            let answer = format!("HTTP/1.1 307 T\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", to.lock().unwrap());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    REDIRECTOR.get_or_init(|| Redirector { address, location })
}

/// Written anew, and otherwise than the product's tables: by numbers.
pub(crate) fn is_public(address: IpAddr) -> bool {
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

/// Near the borders of what is special, or any.
fn any_v4(given: &mut Given<'_>) -> Ipv4Addr {
    if given.is_set() {
        return Ipv4Addr::new(given.byte(), given.byte(), given.byte(), given.byte());
    }
    let [a, b] = given.one_of(&NEAR_V4);
    Ipv4Addr::new(a, b, given.one_of(&[0, 2, 99, 100, 113, 255]), given.byte())
}

fn any_v6(given: &mut Given<'_>) -> Ipv6Addr {
    if given.is_set() {
        return Ipv6Addr::from_bits(u128::from(given.long()) << 64 | u128::from(given.long()));
    }
    let ([a, b, c, d, e, f], [w, x, y, z]) = (given.one_of(&NEAR_V6), any_v4(given).octets());
    Ipv6Addr::new(a, b, c, d, e, f, u16::from_be_bytes([w, x]), u16::from_be_bytes([y, z]))
}

fn any_address(given: &mut Given<'_>) -> IpAddr {
    if given.is_set() { any_v6(given).into() } else { any_v4(given).into() }
}

/// A host of a URL: an address in one of its spellings, the name that the resolver knows, or anything.
fn any_host(given: &mut Given<'_>) -> String {
    let address = any_v4(given);
    let ([a, b, c, d], bits) = (address.octets(), address.to_bits());
    match given.below(12) {
        0 => address.to_string(),
        1 => bits.to_string(),
        2 => format!("{bits:#x}"),
        3 => format!("0{bits:o}"),
        4 => format!("{a}.{}", bits & 0x00ff_ffff),
        5 => format!("{a:#x}.0{b:o}.{c}.{d}."),
        6 => address.to_ipv6_mapped().to_string().replace("::", "[::") + "]",
        7 => format!("[{}]", any_v6(given)),
        8 => "user@named.test".to_owned(),
        9 => given.text(20),
        10 => address.to_string().chars().map(|c| c.to_digit(10).and_then(|n| char::from_u32(0xff10 + n)).unwrap_or('\u{3002}')).collect(),
        _ => "named.test".to_owned(),
    }
}

fn any_url(given: &mut Given<'_>) -> String {
    let scheme = given.one_of(&["http://", "http://", "https://", "http:", "//", "HTTP:\\\\"]);
    let rest = given.one_of(&["/", ":80/", ":443/a", ":8080/", "?a", "#@named.test", "\\@named.test", ""]);
    format!("{scheme}{}{rest}", any_host(given))
}
