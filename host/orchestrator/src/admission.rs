//! Step 3: who may start, and when (429 for the app's bounds, 503 for the instance's).
//!
//! Rates first, of the client and then of the app: what they refuse costs nothing else. Then, when the request is complete, two places are needed: one
//! in the app, and one of the instance's sandboxes. So a slow upload holds neither: what is on its way has bounds of its own (`arrivals`). Places of the
//! app are handed out first come, first served, the sandboxes fairly between apps; both are given back by drop, also when the client goes away.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use crate::{
    error::{Reached, Refusal},
    fair::{Sandbox, Sandboxes},
    gate::{Gate, Place},
    rate::{Clients, Rate, take_now},
};
use execution::AppLimits;
use store::AppId;

/// How long a request waits for either place.
pub(crate) const WAIT: Duration = Duration::from_secs(1);

/// The instance's sandboxes, and the clocks of everybody's rates.
#[derive(Debug)]
pub(crate) struct Admission {
    sandboxes: Sandboxes,
    clients: Clients,
    /// Where the time of rates begins.
    started: Instant,
}

/// Who asks to be admitted, to what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Applicant<'a> {
    pub(crate) app: AppId,
    pub(crate) limits: &'a AppLimits,
    /// `None` for calls of the control plane, which has its own bounds for those who send them.
    pub(crate) client: Option<IpAddr>,
}

/// A place in the app.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    admission: &'a Admission,
    gate: &'a Gate,
    _place: Place<'a>,
}

impl Admission {
    /// `sandboxes`: as many executions as the executor's pool holds at once.
    pub(crate) fn new(sandboxes: usize) -> Self {
        Self { sandboxes: Sandboxes::new(sandboxes), clients: Clients::default(), started: Instant::now() }
    }

    /// All of it, for what has been read already.
    ///
    /// # Errors
    /// [`Refusal::TooOften`], [`Refusal::AppBusy`].
    pub(crate) async fn admit<'a>(&'a self, gate: &'a Gate, applicant: Applicant<'_>) -> Result<Permit<'a>, Refusal> {
        self.check(gate, applicant)?;
        self.enter(gate, applicant.limits).await
    }

    /// Takes a place in the app, waiting for at most a second.
    ///
    /// # Errors
    /// [`Refusal::AppBusy`].
    pub(crate) async fn enter<'a>(&'a self, gate: &'a Gate, limits: &AppLimits) -> Result<Permit<'a>, Refusal> {
        let place = gate.enter().await.ok_or_else(|| Refusal::app_busy(limits))?;
        Ok(Permit { admission: self, gate, _place: place })
    }

    /// Counts a request against the rates.
    ///
    /// # Errors
    /// [`Refusal::TooOften`].
    pub(crate) fn check(&self, gate: &Gate, applicant: Applicant<'_>) -> Result<(), Refusal> {
        self.check_rates(gate, applicant, || self.clock_ns())
    }

    /// The client's rate first, so that one who is too fast takes nothing of what the app has for all.
    fn check_rates(&self, gate: &Gate, applicant: Applicant<'_>, clock_ns: impl Fn() -> u64) -> Result<(), Refusal> {
        let Applicant { app, limits, client } = applicant;
        let too_often =
            |limit, value| move |wait_ns| Refusal::TooOften { reached: Reached { limit, value }, wait: Duration::from_nanos(wait_ns) };
        if let Some(client) = client {
            let rate = Rate::new(limits.client_requests_per_second, limits.client_requests_burst);
            let refused = too_often("client_requests_per_second", limits.client_requests_per_second);
            take_now(&clock_ns, |now_ns| self.clients.take(app, client, rate, now_ns)).map_err(refused)?;
        }
        let rate = Rate::new(limits.requests_per_second, limits.requests_burst);
        let refused = too_often("requests_per_second", limits.requests_per_second);
        take_now(&clock_ns, |now_ns| gate.requests.take(rate, now_ns)).map_err(refused)
    }

    /// The time of rates.
    pub(crate) fn clock_ns(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Executions that wait for a sandbox.
    pub(crate) fn waiting(&self) -> usize {
        self.sandboxes.waiting()
    }

    /// Sandboxes that are free, for the summary.
    pub(crate) fn free(&self) -> usize {
        self.sandboxes.free()
    }
}

impl<'a> Permit<'a> {
    /// Takes a sandbox, waiting for at most a second. The place in the app is kept meanwhile.
    ///
    /// # Errors
    /// [`Refusal::InstanceBusy`].
    pub(crate) async fn sandbox(&self) -> Result<Sandbox<'a>, Refusal> {
        match self.admission.sandboxes.try_take() {
            Some(sandbox) => Ok(sandbox),
            None => tokio::time::timeout(WAIT, self.admission.sandboxes.take(&self.gate.share)).await.map_err(|_| Refusal::InstanceBusy),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use futures_util::{FutureExt, future::join_all};
    use uuid::Uuid;

    use super::*;

    fn somebody(limits: &AppLimits, client: u8) -> Applicant<'_> {
        Applicant { app: AppId::from(Uuid::nil()), limits, client: Some(IpAddr::from([192, 0, 2, client])) }
    }

    #[tokio::test]
    async fn places_come_back_by_drop() {
        let (admission, gate, limits) = (Admission::new(1), Gate::default(), AppLimits::default());
        let permit = admission.admit(&gate, somebody(&limits, 1)).await.unwrap();
        let sandbox = permit.sandbox().await.unwrap();
        assert_eq!(admission.free(), 0);
        // A future that is dropped while it waits leaves nothing behind.
        assert!(permit.sandbox().now_or_never().is_none());
        drop(sandbox);
        assert_eq!(admission.free(), 1);
        drop(permit);
        assert_eq!(gate.free(), usize::try_from(limits.concurrency).unwrap());
    }

    #[tokio::test]
    async fn an_app_beyond_its_bound_waits_and_is_then_refused() {
        let (admission, gate, limits) = (Admission::new(100), Gate::default(), AppLimits { concurrency: 3, ..AppLimits::default() });
        gate.resize(3);
        let permits: Vec<_> = join_all((0..3).map(|_| admission.admit(&gate, somebody(&limits, 1)))).await;
        assert!(permits.iter().all(Result::is_ok));
        let refused = admission.admit(&gate, somebody(&limits, 1)).await.map(drop);
        assert_eq!(refused, Err(Refusal::AppBusy(Reached { limit: "concurrency", value: 3 })));
    }

    #[test]
    fn s_3_1_the_refusal_says_which_rate_and_takes_nothing_of_the_other() {
        let (admission, gate) = (Admission::new(1), Gate::default());
        let limits = AppLimits { client_requests_per_second: 2, client_requests_burst: 5, requests_burst: 8, ..AppLimits::default() };
        let ask = |client, now_ns| admission.check_rates(&gate, somebody(&limits, client), || now_ns);
        let ten = |client| (0..10).filter(|_| ask(client, 0).is_ok()).count();
        assert_eq!(ten(1), 5);
        let reached = Reached { limit: "client_requests_per_second", value: 2 };
        assert_eq!(ask(1, 0), Err(Refusal::TooOften { reached, wait: Duration::from_millis(500) }));
        // Of the app's eight, three are left.
        assert_eq!(ten(2), 3);
        let reached = Reached { limit: "requests_per_second", value: 2_000 };
        assert_eq!(ask(3, 0), Err(Refusal::TooOften { reached, wait: Duration::from_micros(500) }));
        ask(3, 1_000_000).unwrap();
    }
}
