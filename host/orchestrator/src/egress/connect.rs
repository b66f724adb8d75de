//! From checked addresses to a connection, with TLS where the URL says so (S-5.2, S-5.8).

use std::{io, pin::Pin, sync::Arc};

use rustls::{ClientConfig, RootCertStore, client::Resumption, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{
    address::Checked,
    error::EgressError,
    limits,
    target::{Host, Scheme, Target},
};

/// Opens connections: the system, or a test that watches which addresses are asked for.
pub trait Dial: Send + Sync + 'static {
    /// Opens a connection to exactly this address.
    fn dial(&self, to: Checked) -> Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send + '_>>;
}

/// The system.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpDial;

impl Dial for TcpDial {
    fn dial(&self, to: Checked) -> Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send + '_>> {
        Box::pin(TcpStream::connect(to.address()))
    }
}

/// A connection, encrypted or not.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// TLS as all apps use it: the public authorities, and no sessions kept, so that no app can resume what another one began.
///
/// # Errors
/// The cryptography of this build lacks what TLS needs: a defect of the build.
pub(crate) fn tls(roots: RootCertStore) -> Result<TlsConnector, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Connects to one of the addresses, which all belong to the target's host.
///
/// # Errors
/// [`EgressError::ConnectFailed`], [`EgressError::TlsFailed`].
pub(super) async fn connect(
    dialler: &dyn Dial,
    tls: &TlsConnector,
    target: &Target,
    addresses: &[Checked],
) -> Result<Box<dyn Stream>, EgressError> {
    let unreachable = || EgressError::ConnectFailed(target.origin());
    let connected = async {
        let stream = first(dialler, addresses).await.ok_or_else(unreachable)?;
        // Small requests are not held back; without it they are merely slower.
        let _is_set = stream.set_nodelay(true);
        match target.scheme {
            Scheme::Http => Ok(Box::new(stream) as Box<dyn Stream>),
            Scheme::Https => {
                let refused = || EgressError::TlsFailed(target.origin());
                let encrypted = tls.connect(server_name(&target.host).ok_or_else(refused)?, stream).await;
                Ok(Box::new(encrypted.map_err(|_| refused())?) as Box<dyn Stream>)
            }
        }
    };
    timeout(limits::CONNECT, connected).await.unwrap_or_else(|_elapsed| Err(unreachable()))
}

/// One after the other, IPv4 first: where IPv6 does not work it often fails by silence. Each has the same share of the time.
async fn first(dialler: &dyn Dial, addresses: &[Checked]) -> Option<TcpStream> {
    let is_v4 = |address: &&Checked| address.address().is_ipv4();
    let in_order = addresses.iter().filter(is_v4).chain(addresses.iter().filter(|address| !is_v4(address)));
    let tried = u32::try_from(addresses.len()).unwrap_or(u32::MAX).clamp(1, limits::ADDRESSES_TRIED_MAX);
    for address in in_order.take(tried as usize) {
        if let Ok(Ok(stream)) = timeout(limits::CONNECT / tried, dialler.dial(*address)).await {
            return Some(stream);
        }
    }
    None
}

/// Whom the certificate must name: the host of the URL, whatever address it has.
fn server_name(host: &Host) -> Option<ServerName<'static>> {
    match host {
        Host::Name(name) => ServerName::try_from(name.clone()).ok(),
        Host::Address(address) => Some(ServerName::from(*address)),
    }
}
