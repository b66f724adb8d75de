//! Traces: which executions are sampled, and the way of their spans to a collector (OTLP over HTTP, as JSON).
//!
//! Off unless the operator names a collector. An execution that is not sampled costs a comparison; one that is makes its spans at its end, of what
//! its row has anyhow, and puts them into a bounded queue, from which one task sends them. Nothing waits for the collector; what finds no room or
//! can't be delivered is dropped and counted.
//!
//! Who is sampled is drawn here. A visitor's `traceparent` is continued, so that his trace and ours are one, but its flag decides nothing, unless
//! the operator has said that it comes from his own proxy: anybody could have everything recorded otherwise.

mod context;
mod encode;
mod export;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use execution::TracedCall;
use http::HeaderMap;
use tokio::sync::mpsc;
use uuid::Uuid;

use context::Parent;
pub(crate) use context::{TRACEPARENT, TraceContext};
pub use export::{Endpoint, EndpointError, Exporter};

/// Executions whose spans wait to be sent.
const QUEUE_MAX: usize = 2_048;

/// What the operator decides.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The collector; `None`: nothing is exported.
    pub endpoint: Option<Endpoint>,
    /// The share of executions that is sampled, from 0 to 1.
    pub sample_ratio: f64,
    /// Whether the flag of a `traceparent` decides, if a trusted proxy sends it. Only for proxies that don't hand on what visitors send.
    pub trust_parent: bool,
}

/// The way to the collector, or nowhere. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Telemetry {
    queue: Option<mpsc::Sender<Execution>>,
    /// What is drawn is below it.
    threshold: u64,
    trust_parent: bool,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    exported: AtomicU64,
    /// The queue was full.
    no_room: AtomicU64,
    /// The collector was away, or refused.
    undelivered: AtomicU64,
}

/// An execution that has ended, as its spans tell it.
#[derive(Debug, Clone)]
pub(crate) struct Execution {
    pub(crate) context: TraceContext,
    pub(crate) id: Uuid,
    pub(crate) app: Uuid,
    pub(crate) app_slug: String,
    pub(crate) script: String,
    pub(crate) deployment: u32,
    pub(crate) invocation_type: &'static str,
    pub(crate) job: Option<Uuid>,
    pub(crate) outcome: &'static str,
    pub(crate) status: Option<u16>,
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) fuel_used: u64,
    pub(crate) memory_peak_bytes: u64,
    pub(crate) attempts: u32,
    /// When it was accepted, in milliseconds since 1970.
    pub(crate) began_ms: u64,
    /// From then until its end.
    pub(crate) took: Duration,
    /// From then until its last attempt began: what the times of its calls count from.
    pub(crate) waited: Duration,
    pub(crate) calls: Vec<TracedCall>,
}

impl Telemetry {
    /// The handle for the data plane, and the task that sends, if there is a collector.
    #[must_use]
    pub fn new(settings: Settings) -> (Self, Option<Exporter>) {
        let Settings { endpoint, sample_ratio, trust_parent } = settings;
        let Some(endpoint) = endpoint else { return (Self::default(), None) };
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let counts = Arc::new(Counts::default());
        let this = Self { queue: Some(sender), threshold: threshold(sample_ratio), trust_parent, counts: Arc::clone(&counts) };
        (this, Some(Exporter::new(endpoint, receiver, counts)))
    }

    /// The trace of an execution. `drawn` and `span` are random.
    pub(crate) fn begin(&self, execution: Uuid, span: u64, drawn: u64) -> TraceContext {
        let is_sampled = self.queue.is_some() && (drawn < self.threshold || self.threshold == u64::MAX);
        TraceContext { trace: execution.as_u128(), span: span.max(1), parent: None, is_sampled }
    }

    /// The same execution as a part of the trace that its request belongs to, if it says so.
    pub(crate) fn continued(&self, own: TraceContext, headers: &HeaderMap, from_proxy: bool) -> TraceContext {
        let Some(parent) = Parent::read(headers) else { return own };
        let is_sampled = if self.trust_parent && from_proxy { parent.is_sampled && self.queue.is_some() } else { own.is_sampled };
        TraceContext { trace: parent.trace, parent: Some(parent.span), is_sampled, ..own }
    }

    /// The same execution as a part of the trace of the one that asked for it: sampled if that was.
    pub(crate) fn followed(&self, own: TraceContext, traceparent: &str) -> TraceContext {
        let Some(parent) = Parent::parse(traceparent) else { return own };
        let is_sampled = parent.is_sampled && self.queue.is_some();
        TraceContext { trace: parent.trace, parent: Some(parent.span), is_sampled, ..own }
    }

    /// Takes what a sampled execution leaves. Never waits.
    pub(crate) fn take(&self, execution: Execution) {
        let Some(queue) = &self.queue else { return };
        if queue.try_send(execution).is_err() {
            self.counts.no_room.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Executions whose spans were delivered, and those whose spans were dropped, by reason.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, u64); 3] {
        let Counts { exported, no_room, undelivered } = &*self.counts;
        [("exported", exported), ("no_room", no_room), ("undelivered", undelivered)]
            .map(|(result, count)| (result, count.load(Ordering::Relaxed)))
    }
}

/// The bound below which this share of all numbers lies.
fn threshold(ratio: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "saturates; a share is never so exact"
    )]
    let threshold = (ratio.clamp(0.0, 1.0) * u64::MAX as f64) as u64;
    threshold
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    const SAMPLED: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn telemetry(sample_ratio: f64, trust_parent: bool) -> Telemetry {
        let endpoint = Some("http://127.0.0.1:4318".parse().unwrap());
        Telemetry::new(Settings { endpoint, sample_ratio, trust_parent }).0
    }

    #[test]
    fn as_many_are_sampled_as_the_ratio_says() {
        let sampled = |ratio| {
            let telemetry = telemetry(ratio, false);
            let drawn = (0..10_000_u64).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            drawn.chain([u64::MAX]).filter(|drawn| telemetry.begin(Uuid::from_u128(1), 1, *drawn).is_sampled).count()
        };
        assert_eq!((sampled(0.0), sampled(1.0)), (0, 10_001));
        assert!((450..550).contains(&sampled(0.05)), "{}", sampled(0.05));
        assert!(!Telemetry::default().begin(Uuid::from_u128(1), 1, 0).is_sampled, "without a collector nobody is");
    }

    #[test]
    fn a_visitor_continues_his_trace_and_forces_no_sampling() {
        let headers: HeaderMap = [(TRACEPARENT, SAMPLED.parse().unwrap())].into_iter().collect();
        let continued =
            |telemetry: &Telemetry, from_proxy| telemetry.continued(telemetry.begin(Uuid::from_u128(1), 5, 9), &headers, from_proxy);
        for (trust_parent, from_proxy, is_sampled) in
            [(false, false, false), (false, true, false), (true, false, false), (true, true, true)]
        {
            let context = continued(&telemetry(0.0, trust_parent), from_proxy);
            assert_eq!(context.is_sampled, is_sampled, "{trust_parent} {from_proxy}");
            assert_eq!(
                (context.trace, context.span, context.parent),
                (0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c, 5, Some(0xb7ad_6b71_6920_3331))
            );
        }
        // Nor does his flag keep anything from being seen.
        let unsampled: HeaderMap = [(TRACEPARENT, SAMPLED.replace("-01", "-00").parse().unwrap())].into_iter().collect();
        let all = telemetry(1.0, true);
        assert!(all.continued(all.begin(Uuid::from_u128(1), 5, 9), &unsampled, false).is_sampled);
        assert!(!all.continued(all.begin(Uuid::from_u128(1), 5, 9), &unsampled, true).is_sampled);
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        let (telemetry, exporter) =
            Telemetry::new(Settings { endpoint: Some("http://127.0.0.1:1".parse().unwrap()), ..Settings::default() });
        for _ in 0..QUEUE_MAX + 3 {
            telemetry.take(encode::tests::execution());
        }
        assert_eq!(telemetry.counts(), [("exported", 0), ("no_room", 3), ("undelivered", 0)]);
        drop(exporter);
    }
}
