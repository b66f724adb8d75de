//! Looks every day whether the proofs of domains are still there (S-7.3). One domain at a time, each on one node of the cluster.

use std::{sync::Arc, time::Duration};

use crate::{State, state::DomainProof};

/// Pause when nothing is due.
const IDLE: Duration = Duration::from_secs(60);
/// Pause between two look-ups: the resolvers are somebody's.
const BETWEEN: Duration = Duration::from_millis(200);

/// Runs until it is dropped. Spawned once by the binary.
pub async fn keep_proving_domains(state: Arc<State>) {
    if state.domain_proof == DomainProof::NotOnLoopback {
        return;
    }
    loop {
        let pause = match prove_next(&state).await {
            Ok(true) => BETWEEN,
            Ok(false) => IDLE,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the proof of a domain was not looked at; trying again later");
                IDLE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Looks at one domain that is due; whether there was one.
///
/// # Errors
/// The database failed.
pub async fn prove_next(state: &State) -> store::Result<bool> {
    let Some(due) = state.control.due_domain(state.now()).await? else { return Ok(false) };
    let evidence = state.resolvers.look_for_proof(&due.host).await;
    if evidence.proves(&due.challenge) {
        due.seen(state.now()).await?;
    } else {
        tracing::warn!(host = due.host, %evidence, "the proof of a domain is not there");
        due.missed(&evidence.to_string(), state.now()).await?;
    }
    Ok(true)
}
