#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::atomic::AtomicU32;

use execution::{InvocationType, Level, LogLine, Usage};
use store::{ExecutionId, ScriptId};
use uuid::Uuid;

use super::*;

/// A database that is away for a while and refuses the rows of one path.
#[derive(Default)]
struct Fake {
    away_for: AtomicU32,
    batches: Mutex<Vec<(usize, usize)>>,
    paths: Mutex<Vec<String>>,
}

impl Append for Fake {
    async fn append(&self, executions: &[NewExecution], logs: &[NewLog]) -> Result<(), Unwritten> {
        if self.away_for.load(Ordering::Relaxed) > 0 {
            self.away_for.fetch_sub(1, Ordering::Relaxed);
            return Err(Unwritten::Later("away".to_owned()));
        }
        if executions.iter().any(|row| row.path == "/poison") {
            return Err(Unwritten::Refused("poison".to_owned()));
        }
        assert!(logs.iter().all(|log| executions.iter().any(|row| row.id == log.execution)));
        self.batches.lock().unwrap().push((executions.len(), logs.len()));
        self.paths.lock().unwrap().extend(executions.iter().map(|row| row.path.clone()));
        Ok(())
    }
}

fn row(number: u128, path: &str) -> NewExecution {
    NewExecution {
        id: ExecutionId::from(Uuid::from_u128(number)),
        app: AppId::from(Uuid::from_u128(number % 3)),
        request_id: String::new(),
        script: ScriptId::from(Uuid::from_u128(1)),
        route: None,
        job: None,
        deployment: 1,
        invocation_type: InvocationType::Http,
        outcome: "ok",
        status: Some(200),
        method: "GET".to_owned(),
        host: "a.test".to_owned(),
        path: path.to_owned(),
        usage: Usage::default(),
        failure: None,
        calls: Vec::new(),
        logs_dropped: 0,
        attempts: 1,
        recording: None,
        trace: None,
    }
}

fn lines(count: usize, message: &str) -> Logs {
    Logs { lines: vec![LogLine { level: Level::Info, message: message.to_owned(), fields: None }; count], dropped: 0 }
}

/// Records and writes everything, and returns what the database saw.
async fn written(recorder: &Recorder, fake: Fake) -> Fake {
    recorder.end();
    recorder.write_to(&fake).await;
    fake
}

#[tokio::test]
async fn rows_go_out_in_batches_and_logs_with_their_rows() {
    let recorder = Recorder::default();
    for number in 0..4_500 {
        recorder.record(row(number, "/"), lines(1, "a"));
    }
    recorder.record(row(4_500, "/"), lines(4_000, "b"));
    recorder.record(row(4_501, "/"), Logs::default());
    let mut followed = recorder.subscribe_logs();
    let fake = written(&recorder, Fake::default()).await;
    assert_eq!(*fake.batches.lock().unwrap(), [(2_000, 2_000), (2_000, 2_000), (501, 4_500), (1, 0)]);
    assert_eq!(recorder.dropped(), 0);
    assert!(followed.try_recv().is_ok());
    // Written means gone from the buffer.
    assert!(written(&recorder, Fake::default()).await.batches.lock().unwrap().is_empty());
}

#[tokio::test]
async fn s_9_3_an_outage_loses_nothing_that_fits() {
    let recorder = Recorder::default();
    let fake = Fake { away_for: AtomicU32::new(2), ..Fake::default() };
    recorder.record(row(1, "/"), lines(1, "a"));
    let fake = written(&recorder, fake).await;
    assert_eq!((fake.batches.lock().unwrap().len(), recorder.dropped()), (1, 0));
    // At the end of the process the attempts are bounded.
    recorder.record(row(2, "/"), Logs::default());
    let fake = written(&recorder, Fake { away_for: AtomicU32::new(100), ..Fake::default() }).await;
    assert_eq!((fake.batches.lock().unwrap().len(), recorder.dropped()), (0, 1));
}

#[tokio::test]
async fn one_refused_row_costs_only_itself() {
    let recorder = Recorder::default();
    for number in 0..100 {
        recorder.record(row(number, if number == 37 { "/poison" } else { "/" }), lines(2, "a"));
    }
    let fake = written(&recorder, Fake::default()).await;
    assert_eq!((fake.paths.lock().unwrap().len(), recorder.dropped()), (99, 1));
}

#[tokio::test]
async fn what_does_not_fit_is_counted() {
    let recorder = Recorder::default();
    let line = "a".repeat(1024 * 1024);
    for number in 0..70 {
        recorder.record(row(number, "/"), lines(1, &line));
    }
    let dropped = usize::try_from(recorder.dropped()).unwrap();
    assert!((6..10).contains(&dropped), "{dropped}");
    assert_eq!(written(&recorder, Fake::default()).await.paths.lock().unwrap().len() + dropped, 70);
}

#[tokio::test]
async fn the_writer_wakes_for_the_first_row() {
    let recorder = Recorder::default();
    let mut followed = recorder.subscribe_logs();
    let writer = tokio::spawn({
        let recorder = recorder.clone();
        async move { recorder.write_to(&Fake::default()).await }
    });
    recorder.record(row(1, "/"), lines(1, "a"));
    assert_eq!(followed.recv().await.unwrap(), row(1, "/").app);
    recorder.end();
    writer.await.unwrap();
}
