//! Keeps a server running until it is told to stop.

use std::time::Duration;

use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{
    error::ServerError,
    postmaster::{Launch, Postmaster},
};

/// Pause before the first restart; doubled after each failure.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// A server that ran this long has recovered: the next pause is short again.
const STABLE: Duration = Duration::from_secs(60);
/// How long the sessions of a server that was killed may take to notice and to give up its shared memory.
const ORPHANS_PATIENCE: Duration = Duration::from_secs(10);

/// What the server process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It accepts connections.
    Running {
        /// Number of the process.
        pid: i32,
        /// How often it was started again since the supervisor began.
        restarts: u32,
    },
    /// It died and is started again.
    Restarting,
    /// It was told to stop.
    Stopped,
}

/// The task that restarts the server.
#[derive(Debug)]
pub(crate) struct Supervisor {
    /// Sending, or dropping it, ends the server.
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), ServerError>>,
    state: watch::Receiver<State>,
}

impl Supervisor {
    pub(crate) fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    pub(crate) async fn stop(self) -> Result<(), ServerError> {
        // The task has ended only if it panicked, which the join below reports.
        let _ = self.stop.send(());
        match self.task.await {
            Ok(result) => result,
            Err(source) => Err(ServerError::Stop { pid: 0, source: std::io::Error::other(source) }),
        }
    }
}

/// Starts the server, and from then on keeps it running.
pub(crate) async fn start(launch: Launch) -> Result<Supervisor, ServerError> {
    let first = start_patiently(&launch).await?;
    let (sender, state) = watch::channel(running(&first, 0));
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(supervise(launch, first, sender, stopped));
    Ok(Supervisor { stop, task, state })
}

async fn supervise(
    launch: Launch,
    first: Postmaster,
    state: watch::Sender<State>,
    mut stopped: oneshot::Receiver<()>,
) -> Result<(), ServerError> {
    let mut postmaster = first;
    let mut restarts = 0;
    let mut pause = PAUSE_MIN;
    loop {
        let started = Instant::now();
        tokio::select! {
            _ = &mut stopped => {
                state.send_replace(State::Stopped);
                return postmaster.stop().await;
            }
            ended = postmaster.ended() => {
                let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                tracing::error!("PostgreSQL ended ({how}); it is started again");
            }
        }
        state.send_replace(State::Restarting);
        if started.elapsed() > STABLE {
            pause = PAUSE_MIN;
        }
        postmaster = tokio::select! {
            _ = &mut stopped => {
                state.send_replace(State::Stopped);
                return Ok(());
            }
            again = restart(&launch, &mut pause) => again,
        };
        restarts += 1;
        state.send_replace(running(&postmaster, restarts));
        tracing::info!("PostgreSQL runs again");
    }
}

/// Tries until the server runs, with growing pauses.
async fn restart(launch: &Launch, pause: &mut Duration) -> Postmaster {
    loop {
        sleep(*pause).await;
        *pause = (*pause * 2).min(PAUSE_MAX);
        match launch.start().await {
            Ok(postmaster) => return postmaster,
            Err(error) => tracing::error!("{error}"),
        }
    }
}

/// The first start may meet the orphaned sessions of a server that was killed: they end within moments.
async fn start_patiently(launch: &Launch) -> Result<Postmaster, ServerError> {
    let deadline = Instant::now() + ORPHANS_PATIENCE;
    loop {
        match launch.start().await {
            Err(ServerError::Start { output, .. }) if output.contains("shared memory block") && Instant::now() < deadline => {
                sleep(Duration::from_millis(200)).await;
            }
            result => return result,
        }
    }
}

fn running(postmaster: &Postmaster, restarts: u32) -> State {
    State::Running { pid: postmaster.pid().map_or(0, |pid| pid.as_raw_nonzero().get()), restarts }
}
