//! Batches of what ran, and their trimming.

use execution::{Failure, FailureKind, Frame, InvocationType, Level, Usage};
use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;
use store::{AppId, AppStore, ExecutionFilter, ExecutionId, LogFilter, LogQuery, NewExecution, NewLog, Page, Retention, ScriptId};

use crate::world::{World, noon};

const DAY: SignedDuration = SignedDuration::from_hours(24);

pub(crate) fn execution(app: AppId, script: ScriptId, at: Timestamp) -> NewExecution {
    NewExecution {
        id: ExecutionId::new(at),
        app,
        request_id: "request".into(),
        script,
        route: None,
        job: None,
        deployment: 3,
        invocation_type: InvocationType::Http,
        outcome: "ok",
        status: Some(200),
        method: "GET".into(),
        host: "shop.localhost".into(),
        path: "/".into(),
        usage: Usage { fuel_used: 1, memory_peak_bytes: 2, wall_us: 3, host_calls: 4 },
        failure: None,
        calls: Vec::new(),
        logs_dropped: 0,
        attempts: 1,
        recording: None,
        trace: None,
    }
}

pub(crate) fn log(of: &NewExecution, message: &str) -> NewLog {
    NewLog { app: of.app, execution: of.id, script: of.script, level: Level::Info, message: message.into(), fields: None }
}

/// The app's executions, newest first.
async fn ids(app: &AppStore) -> Vec<ExecutionId> {
    let page = Page::new(Some(200), None).unwrap();
    app.executions(&ExecutionFilter::default(), page).await.unwrap().items.into_iter().map(|row| row.id).collect()
}

async fn partitions(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid where c.relkind = 'r' order by 1")
        .fetch_all(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_written_is_read(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let script = ScriptId::new(noon());
    let good = execution(app.app_id(), script, noon());
    let frame = Frame { script: "hello".into(), function: String::new(), line: 3, column: 7 };
    let bad = NewExecution {
        outcome: "error",
        status: Some(502),
        failure: Some(Failure { kind: FailureKind::Error, message: "oops \0".into(), trace: vec![frame.clone()] }),
        logs_dropped: 9,
        attempts: 1,
        ..execution(app.app_id(), script, noon() + SignedDuration::from_secs(1))
    };
    let lines = [log(&good, "first"), NewLog { fields: Some("{\"a\":\"\\u0000\"}".into()), ..log(&bad, "nul \0 \u{1b}[0m") }];
    let log_ids = world.store.runs().append(&[good.clone(), bad.clone()], &lines).await.unwrap();
    assert!(log_ids.is_sorted() && log_ids.len() == 2);

    assert_eq!(ids(&app).await, [bad.id, good.id]);
    let row = app.execution(bad.id).await.unwrap().unwrap();
    assert_eq!((row.outcome.as_str(), row.status, row.deployment, row.logs_dropped), ("error", Some(502), 3, 9));
    assert_eq!((row.error_message.as_deref(), row.error_trace), (Some("oops \u{fffd}"), vec![frame]));
    assert_eq!((row.usage, row.created_at), (bad.usage, noon() + SignedDuration::from_secs(1)));
    let logged = app.execution_logs(bad.id).await.unwrap();
    assert_eq!((logged[0].id, logged[0].message.as_str()), (log_ids[1], "nul \u{fffd} \u{1b}[0m"), "S-2.12: raw but for NUL");
    assert_eq!(logged[0].fields, lines[1].fields);

    let after = app.logs(LogQuery::After { id: log_ids[0] }, 10).await.unwrap();
    assert_eq!(after.iter().map(|line| line.id).collect::<Vec<_>>(), [log_ids[1]]);
    let latest = app.logs(LogQuery::Latest { before: None }, 10).await.unwrap();
    assert_eq!(latest.iter().map(|line| line.id).collect::<Vec<_>>(), [log_ids[1], log_ids[0]]);
    let earlier = app.logs(LogQuery::Latest { before: Some(log_ids[1]) }, 10).await.unwrap();
    assert_eq!(earlier.len(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn executions_are_filtered_and_paged(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let (one, two) = (ScriptId::new(noon()), ScriptId::new(noon()));
    let rows: Vec<NewExecution> = (0..20)
        .map(|n| {
            let script = if n % 2 == 0 { one } else { two };
            let outcome = if n % 5 == 0 { "fuel" } else { "ok" };
            // Two days, and several in the same millisecond.
            NewExecution {
                outcome,
                ..execution(app.app_id(), script, noon() + DAY * (n % 2) + SignedDuration::from_millis(i64::from(n) / 4))
            }
        })
        .collect();
    world.store.runs().append(&rows, &[]).await.unwrap();

    let mut expected: Vec<_> = rows.iter().map(|row| (row.id.created_at(), row.id)).collect();
    expected.sort_unstable_by(|a, b| b.cmp(a));
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = Page::new(Some(3), cursor.as_deref()).unwrap();
        let listed = app.executions(&ExecutionFilter::default(), page).await.unwrap();
        seen.extend(listed.items.into_iter().map(|row| (row.created_at, row.id)));
        cursor = listed.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);

    let filter = ExecutionFilter { script: Some(one), outcome: Some("fuel".into()), ..ExecutionFilter::default() };
    let found = app.executions(&filter, Page::default()).await.unwrap().items;
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|row| row.script == one && row.outcome == "fuel"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn executions_and_lines_are_found_by_what_people_know_of_them(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let at = |seconds: i64| noon() + SignedDuration::from_secs(seconds);
    let with = |seconds: i64, status: Option<u16>, request: &str| NewExecution {
        status,
        request_id: request.into(),
        ..execution(app.app_id(), ScriptId::new(noon()), at(seconds))
    };
    let rows = [with(0, Some(200), "a"), with(1, Some(404), "b"), with(2, Some(502), "b"), with(3, None, "c")];
    let levels = [Level::Trace, Level::Info, Level::Warn, Level::Error];
    let lines: Vec<NewLog> = rows.iter().zip(levels).map(|(row, level)| NewLog { level, ..log(row, &row.request_id) }).collect();
    world.store.runs().append(&rows, &lines).await.unwrap();

    let any = ExecutionFilter::default;
    for (filter, expected) in [
        (ExecutionFilter { status: Some((404, 404)), ..any() }, &[1][..]),
        (ExecutionFilter { status: Some((400, 599)), ..any() }, &[2, 1]),
        (ExecutionFilter { request_id: Some("b".into()), ..any() }, &[2, 1]),
        (ExecutionFilter { request_id: Some("b".into()), status: Some((200, 200)), ..any() }, &[]),
        (ExecutionFilter { from: Some(at(2)), ..any() }, &[3, 2]),
        (ExecutionFilter { to: Some(at(2)), ..any() }, &[1, 0]),
        (ExecutionFilter { from: Some(at(1)), to: Some(at(2)), ..any() }, &[1]),
        (ExecutionFilter { from: Some(Timestamp::MIN), to: Some(Timestamp::MAX), ..any() }, &[3, 2, 1, 0]),
        (ExecutionFilter { to: Some(Timestamp::MIN), ..any() }, &[]),
    ] {
        let found = app.executions(&filter, Page::default()).await.unwrap().items;
        assert_eq!(
            found.iter().map(|row| row.id).collect::<Vec<_>>(),
            expected.iter().map(|n| rows[*n].id).collect::<Vec<_>>(),
            "{filter:?}"
        );
    }

    let any = LogFilter::default;
    let grave = || Some(vec!["warn".to_owned(), "error".to_owned()]);
    for (filter, expected) in [
        (any(), &["c", "b", "b", "a"][..]),
        (LogFilter { levels: grave(), ..any() }, &["c", "b"]),
        (LogFilter { levels: grave(), to: Some(at(3)), ..any() }, &["b"]),
        (LogFilter { from: Some(at(3)), ..any() }, &["c"]),
        (LogFilter { from: Some(Timestamp::MIN), to: Some(Timestamp::MIN), ..any() }, &[]),
    ] {
        let found = app.latest_logs(&filter, 10).await.unwrap();
        assert_eq!(found.iter().map(|line| line.message.as_str()).collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_batch_that_comes_twice_is_written_once(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let row = execution(app.app_id(), ScriptId::new(noon()), noon());
    let runs = world.store.runs();
    assert_eq!(runs.append(std::slice::from_ref(&row), &[log(&row, "once")]).await.unwrap().len(), 1);
    assert_eq!(runs.append(std::slice::from_ref(&row), &[log(&row, "once")]).await.unwrap().len(), 0);
    assert_eq!(app.execution_logs(row.id).await.unwrap().len(), 1);
    assert_eq!(runs.append(&[], &[]).await.unwrap(), Vec::<i64>::new());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn log_ids_become_visible_in_their_order(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let script = ScriptId::new(noon());
    let writers: Vec<_> = (0..6)
        .map(|_| {
            let (runs, app) = (world.store.runs(), app.app_id());
            tokio::spawn(async move {
                for _ in 0..10 {
                    let row = execution(app, script, noon());
                    let lines: Vec<NewLog> = (0..20).map(|n| log(&row, &n.to_string())).collect();
                    runs.append(std::slice::from_ref(&row), &lines).await.unwrap();
                }
            })
        })
        .collect();
    // A reader that resumes after the last id it saw, while the writers race.
    let (mut last, mut seen) = (0, 0);
    loop {
        let finished = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let lines = app.logs(LogQuery::After { id: last }, 50).await.unwrap();
        seen += lines.len();
        last = lines.last().map_or(last, |line| line.id);
        if finished && lines.is_empty() {
            break;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(seen, 6 * 10 * 20);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn partitions_are_ahead_and_go_by_age(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let runs = world.store.runs();
    let script = ScriptId::new(noon());
    let rows: Vec<NewExecution> = (0..5).map(|days| execution(app.app_id(), script, noon() - DAY * days)).collect();
    let lines: Vec<NewLog> = rows.iter().map(|row| log(row, "line")).collect();
    runs.append(&rows, &lines).await.unwrap();

    let retention = Retention { days: 2, bytes_max: u64::MAX };
    let done = runs.maintain(noon(), retention).await.unwrap();
    assert_eq!((done.created, done.dropped, done.deleted), (3, 6, 0), "tomorrow is made, two days are dropped, of all three tables");
    assert_eq!(ids(&app).await, [rows[0].id, rows[1].id, rows[2].id]);
    assert_eq!(app.logs(LogQuery::After { id: 0 }, 10).await.unwrap().len(), 3);
    let again = runs.maintain(noon(), retention).await.unwrap();
    assert_eq!((again.created, again.dropped), (0, 0));
    assert_eq!(partitions(&world.pool).await[0], "execution_logs_p20261118");
    assert_eq!(partitions(&world.pool).await.len(), 12);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn partitions_go_by_size_oldest_first(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let runs = world.store.runs();
    let script = ScriptId::new(noon());
    for days in 0..4 {
        let row = execution(app.app_id(), script, noon() - DAY * days);
        let lines: Vec<NewLog> = (0..500).map(|_| log(&row, &"x".repeat(400))).collect();
        runs.append(std::slice::from_ref(&row), &lines).await.unwrap();
    }
    let before = runs.maintain(noon(), Retention { days: 30, bytes_max: u64::MAX }).await.unwrap();
    let after = runs.maintain(noon(), Retention { days: 30, bytes_max: before.bytes * 6 / 10 }).await.unwrap();
    assert_eq!((after.dropped, after.deleted), (6, 0), "two days of all three tables were enough");
    assert_eq!(ids(&app).await.len(), 2);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_day_that_is_too_large_loses_its_oldest_rows(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let runs = world.store.runs();
    let script = ScriptId::new(noon());
    let rows: Vec<NewExecution> = (0..1_000).map(|n| execution(app.app_id(), script, noon() + SignedDuration::from_secs(n))).collect();
    let lines: Vec<NewLog> = rows.iter().map(|row| log(row, &"x".repeat(1_000))).collect();
    runs.append(&rows, &lines).await.unwrap();
    let before = runs.maintain(noon(), Retention { days: 30, bytes_max: u64::MAX }).await.unwrap();
    let half = Retention { days: 30, bytes_max: before.bytes / 2 };
    let done = runs.maintain(noon(), half).await.unwrap();
    assert!(done.deleted > 500, "{done:?}");
    let left = app.logs(LogQuery::Latest { before: None }, 2_000).await.unwrap();
    assert!(left.len() > 100 && left.len() < 700, "{} lines left", left.len());
    assert_eq!(left[0].execution, rows[999].id, "the newest stay");
    let settled = runs.maintain(noon(), half).await.unwrap();
    assert_eq!(settled.deleted, 0, "space that was freed is not freed again");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn thousands_of_rows_are_one_batch(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.opened("shop").await;
    let script = ScriptId::new(noon());
    let rows: Vec<NewExecution> = (0..5_000).map(|_| execution(app.app_id(), script, noon())).collect();
    let lines: Vec<NewLog> = rows.iter().map(|row| log(row, "a line of ordinary length, with an order number 4711")).collect();
    world.store.runs().maintain(noon(), Retention::default()).await.unwrap();
    let began = std::time::Instant::now();
    let log_ids = world.store.runs().append(&rows, &lines).await.unwrap();
    eprintln!("5,000 executions and 5,000 logs in {:?}", began.elapsed());
    assert!(log_ids.len() == 5_000 && log_ids.is_sorted());
    let counted: i64 = sqlx::query_scalar("select count(*) from executions").fetch_one(&world.pool).await.unwrap();
    assert_eq!(counted, 5_000);
}
