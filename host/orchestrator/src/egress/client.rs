//! One outbound call, in one straight line: for each hop the lists, the rate, the addresses, the connection, the exchange.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use arc_swap::ArcSwap;
use execution::{
    AppLimits,
    http::{self as calls, AT_ONCE_MAX},
};
use futures_util::{StreamExt as _, TryFutureExt as _, stream};
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use rustls::RootCertStore;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::{
    address,
    budget::Budget,
    connect::{self, Dial, TcpDial},
    error::EgressError,
    exchange::exchange,
    headers,
    hops::{HOPS, HopKey, Hops},
    limits,
    operator::OperatorRules,
    policy::Policy,
    redirect,
    request::Draft,
    resolve::{Resolve, Resolvers},
    target::{Host, Target},
};
use crate::{
    preview::PreviewKey,
    rate::{Cell, Rate, take_now},
    telemetry::{TRACEPARENT, TraceContext},
};

/// The way out of one node, the same for all apps. Keeps no connections: each call has its own, so that no app meets what another one
/// opened (S-5.8).
pub struct Egress {
    rules: OperatorRules,
    resolver: Arc<dyn Resolve>,
    dialler: Arc<dyn Dial>,
    /// The addresses of this machine. Asked for each call: they change.
    own: fn() -> io::Result<Vec<IpAddr>>,
    tls: TlsConnector,
    hops: HopKey,
    /// Where the time of rates begins.
    started: Instant,
}

/// What one app may call, and how often it does. Outlives its deployments.
#[derive(Debug, Default)]
pub struct AppEgress {
    policy: ArcSwap<Policy>,
    calls: Cell,
}

/// The outbound calls of one execution.
#[derive(Debug)]
pub struct Outbound {
    egress: Arc<Egress>,
    app: Arc<AppEgress>,
    rate: Rate,
    hops: Hops,
    /// What the other servers are told of the trace.
    trace: TraceContext,
    /// Calls so far.
    calls: AtomicU32,
    /// When the execution is ended.
    deadline: Instant,
    /// When it is, since it sends its answer in pieces.
    later: OnceLock<Instant>,
}

/// Which calls led to an execution, and which trace it belongs to.
#[derive(Debug, Clone, Copy, Default)]
pub struct CalledFrom {
    pub(crate) hops: Hops,
    pub(crate) trace: TraceContext,
}

/// A call that came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct NotAnswered {
    pub error: EgressError,
    /// The other server may have got something all the same.
    pub was_sent: bool,
}

/// What could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS for outbound calls could not be set up")]
pub struct EgressSetupError(#[from] rustls::Error);

impl std::fmt::Debug for Egress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Egress").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Egress {
    /// The system's network, the authorities that browsers trust. `resolvers` are asked in this order; `key` is the same on all nodes.
    ///
    /// # Errors
    /// A defect of this build.
    pub fn new(rules: OperatorRules, key: PreviewKey, resolvers: Vec<SocketAddr>) -> Result<Self, EgressSetupError> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self::with(rules, key, Arc::new(Resolvers::new(resolvers)), Arc::new(TcpDial), roots)
    }

    /// With a resolver, a dialler and authorities of the caller's choice: for tests.
    ///
    /// # Errors
    /// A defect of this build.
    pub fn with(
        rules: OperatorRules,
        key: PreviewKey,
        resolver: Arc<dyn Resolve>,
        dialler: Arc<dyn Dial>,
        roots: RootCertStore,
    ) -> Result<Self, EgressSetupError> {
        let tls = connect::tls(roots)?;
        Ok(Self { rules, resolver, dialler, own: address::of_this_machine, tls, hops: HopKey::new(key), started: Instant::now() })
    }

    /// The calls of an execution that ends at `deadline`. Of `limits`, the rates count here.
    #[must_use]
    pub fn outbound(self: &Arc<Self>, app: Arc<AppEgress>, limits: &AppLimits, from: CalledFrom, deadline: Instant) -> Outbound {
        let rate = Rate::new(limits.http_requests_per_second, limits.http_requests_burst);
        let CalledFrom { hops, trace } = from;
        Outbound { egress: Arc::clone(self), app, rate, hops, trace, calls: AtomicU32::new(0), deadline, later: OnceLock::new() }
    }

    fn now_ns(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// All addresses of a host, all of them checked.
    async fn addresses(&self, target: &Target) -> Result<Vec<address::Checked>, EgressError> {
        let found = match &target.host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => {
                let unresolved = || EgressError::ResolveFailed(name.clone());
                let found = timeout_at(Instant::now() + limits::RESOLVE, self.resolver.resolve(name)).await;
                found.map_err(|_elapsed| unresolved())?.map_err(|_| unresolved())?
            }
        };
        if found.is_empty() {
            return Err(EgressError::ResolveFailed(target.host.to_string()));
        }
        let refused = || EgressError::AddressNotPublic(target.host.to_string());
        let own = (self.own)().map_err(|_| refused())?;
        address::check(&found, target.port, &self.rules, &own).ok_or_else(refused)
    }
}

impl AppEgress {
    /// Replaces what the app may call, for running executions too.
    pub fn set(&self, policy: Policy) {
        self.policy.store(Arc::new(policy));
    }
}

impl Outbound {
    /// The execution goes on beyond its deadline, up to this.
    pub(crate) fn goes_on_until(&self, later: Instant) {
        // Once: an answer begins once.
        let _ = self.later.set(later);
    }

    /// Makes calls, six at a time, and returns what became of them in their order. The bodies of all answers together have at most
    /// `bytes_max` bytes.
    pub(crate) async fn send_all(&self, requests: &[calls::Request], bytes_max: u64) -> Vec<calls::Result> {
        let budget = Budget::new(bytes_max);
        // Numbered in their order, which is that of the trace.
        let first = self.calls.fetch_add(u32::try_from(requests.len()).unwrap_or(u32::MAX), Ordering::Relaxed);
        let sent = |(request, place)| self.send_as(first.wrapping_add(place), request, &budget).map_err(failed);
        let answers = stream::iter(requests.iter().cloned().zip(0_u32..)).map(sent);
        answers.buffered(AT_ONCE_MAX).collect().await
    }

    /// Makes one call and follows its redirects. Dropping the future closes the connection.
    ///
    /// # Errors
    /// [`NotAnswered`].
    pub async fn send(&self, request: calls::Request, budget: &Budget) -> Result<calls::Response, NotAnswered> {
        self.send_as(self.calls.fetch_add(1, Ordering::Relaxed), request, budget).await
    }

    async fn send_as(&self, number: u32, request: calls::Request, budget: &Budget) -> Result<calls::Response, NotAnswered> {
        let mut was_sent = false;
        let answer = self.follow(number, request, budget, &mut was_sent).await;
        answer.map_err(|error| NotAnswered { error, was_sent })
    }

    async fn follow(
        &self,
        number: u32,
        request: calls::Request,
        budget: &Budget,
        was_sent: &mut bool,
    ) -> Result<calls::Response, EgressError> {
        let mut draft = Draft::new(request)?;
        let traceparent = self.trace.traceparent(number);
        let now = Instant::now();
        let left = self.later.get().unwrap_or(&self.deadline).saturating_duration_since(now).saturating_sub(limits::RESERVE);
        let until = now + draft.total.min(left);
        if left.is_zero() {
            return Err(EgressError::Timeout(draft.target.origin()));
        }
        for redirects in 0.. {
            let late = || EgressError::Timeout(draft.target.origin());
            let response =
                timeout_at(until, self.hop(&draft, traceparent.as_ref(), budget, was_sent)).await.map_err(|_elapsed| late())??;
            let Some(location) = redirect::location(&response) else {
                return Ok(answer(response, &draft.target, redirects));
            };
            if redirects as usize == limits::REDIRECTS_MAX {
                break;
            }
            draft = redirect::follow(draft, response.status(), location)?;
        }
        Err(EgressError::TooManyRedirects)
    }

    /// One request to one host, with every check.
    async fn hop(
        &self,
        draft: &Draft,
        traceparent: Option<&HeaderValue>,
        budget: &Budget,
        was_sent: &mut bool,
    ) -> Result<Response<Vec<u8>>, EgressError> {
        let Egress { rules, dialler, tls, .. } = &*self.egress;
        let target = &draft.target;
        if rules.deny_host(&target.host) || !self.app.policy.load().allows(target) {
            return Err(EgressError::NotAllowed(target.origin()));
        }
        take_now(|| self.egress.now_ns(), |now_ns| self.app.calls.take(self.rate, now_ns)).map_err(|_| EgressError::TooManyRequests)?;
        let request = self.request(draft, traceparent)?;
        let addresses = self.egress.addresses(target).await?;
        let stream = connect::connect(&**dialler, tls, target, &addresses).await?;
        *was_sent = true;
        exchange(stream, request, &target.origin(), budget).await
    }

    fn request(&self, draft: &Draft, traceparent: Option<&HeaderValue>) -> Result<Request<Full<bytes::Bytes>>, EgressError> {
        let Draft { method, target, headers, body, .. } = draft;
        let unsendable = || EgressError::InvalidUrl("has a host that can't be sent");
        let mut request = Request::new(Full::new(body.clone()));
        *request.method_mut() = method.clone();
        *request.uri_mut() = target.path_and_query()?;
        *request.headers_mut() = headers.clone();
        let fields = request.headers_mut();
        fields.insert(header::HOST, HeaderValue::try_from(target.authority()).map_err(|_| unsendable())?);
        fields.insert(header::CONNECTION, HeaderValue::from_static("close"));
        if let Some(hops) = self.egress.hops.next(self.hops) {
            fields.insert(HOPS, hops);
        }
        // A script that continues a trace of its own knows better.
        if let (Some(traceparent), false) = (traceparent, fields.contains_key(TRACEPARENT)) {
            fields.insert(TRACEPARENT, traceparent.clone());
        }
        if draft.has_length() {
            fields.insert(header::CONTENT_LENGTH, body.len().into());
        }
        Ok(request)
    }
}

fn answer(response: Response<Vec<u8>>, target: &Target, redirects: u32) -> calls::Response {
    let (parts, body) = response.into_parts();
    calls::Response {
        status: parts.status.as_u16(),
        headers: headers::for_script(&parts.headers),
        body,
        url: target.as_str().to_owned(),
        redirects,
    }
}

fn failed(NotAnswered { error, was_sent }: NotAnswered) -> calls::Failed {
    calls::Failed { code: error.code().to_owned(), message: error.to_string(), was_sent }
}
