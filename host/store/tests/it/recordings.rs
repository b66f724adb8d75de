//! Recordings: sealed for their execution, the oldest making room, gone with their day and their app.

use execution::{InvocationType, Usage};
use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;
use store::{AppStore, ExecutionId, NewExecution, NewRecording, Page, Retention, ScriptId};
use vault::MasterKeys;

use crate::world::{World, noon};

const MARKER: &str = "marker-of-a-recording";

async fn world(pool: PgPool) -> World {
    let mut world = World::new(pool).await;
    world.unlock(MasterKeys::random().unwrap()).await;
    world
}

fn recorded(app: &AppStore, script: ScriptId, now: Timestamp, text: &str, bytes_max: u64) -> NewExecution {
    NewExecution {
        id: ExecutionId::new(now),
        app: app.app_id(),
        request_id: "r".into(),
        script,
        route: None,
        job: None,
        deployment: 1,
        invocation_type: InvocationType::Http,
        outcome: "error",
        status: Some(502),
        method: "GET".into(),
        host: "shop.localhost".into(),
        path: "/".into(),
        usage: Usage::default(),
        failure: None,
        calls: Vec::new(),
        logs_dropped: 0,
        attempts: 1,
        recording: Some(NewRecording { text: text.into(), bytes_max }),
        trace: None,
    }
}

async fn ids(app: &AppStore) -> Vec<ExecutionId> {
    let listed = app.recordings(None, Page::new(Some(200), None).unwrap()).await.unwrap();
    listed.items.into_iter().map(|entry| entry.execution).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_6_4_a_recording_is_sealed_for_its_execution(pool: PgPool) {
    let world = world(pool).await;
    let (shop, other) = (world.opened("shop").await, world.opened("other").await);
    let script = ScriptId::new(noon());
    let text = format!("{{\"a\":\"{}\"}}", MARKER.repeat(1000));
    let rows: Vec<_> = [&shop, &shop, &other].iter().map(|app| recorded(app, script, noon(), &text, 1 << 20)).collect();
    world.store.runs().append(&rows, &[]).await.unwrap();
    // Again, as after a commit that was not acknowledged.
    world.store.runs().append(&rows, &[]).await.unwrap();
    assert_eq!((ids(&shop).await.len(), ids(&other).await), (2, vec![rows[2].id]));
    assert_eq!(shop.recording(rows[0].id).await.unwrap(), Some(text.clone().into_bytes()));
    assert_eq!(other.recording(rows[0].id).await.unwrap(), None);
    let kept: Vec<(i32, Vec<u8>)> = sqlx::query_as("select bytes, sealed from recordings").fetch_all(&world.pool).await.unwrap();
    for (bytes, sealed) in kept {
        assert_eq!(usize::try_from(bytes).unwrap(), sealed.len());
        assert!(sealed.len() < text.len() / 10, "{} bytes of {}", sealed.len(), text.len());
        assert!(!sealed.windows(6).any(|part| part == &MARKER.as_bytes()[..6]));
    }
    // In the place of another.
    sqlx::query("update recordings set sealed = (select sealed from recordings where execution_id = $1) where execution_id = $2")
        .bind(rows[0].id.uuid())
        .bind(rows[1].id.uuid())
        .execute(&world.pool)
        .await
        .unwrap();
    assert!(shop.recording(rows[1].id).await.is_err());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_oldest_make_room(pool: PgPool) {
    let world = world(pool).await;
    let (shop, other) = (world.opened("shop").await, world.opened("other").await);
    let script = ScriptId::new(noon());
    let at = |seconds| noon() + SignedDuration::from_secs(seconds);
    // They don't compress, and each has about 70 bytes more.
    let text: String = (0..150).map(|number: u32| format!("{:08x}", number.wrapping_mul(2_654_435_761))).collect();
    let rows: Vec<_> = (0..20).map(|number| recorded(&shop, script, at(number), &text, 6_000)).collect();
    world.store.runs().append(&[recorded(&other, script, noon(), &text, 6_000)], &[]).await.unwrap();
    for row in &rows {
        world.store.runs().append(std::slice::from_ref(row), &[]).await.unwrap();
        let bytes: i64 = sqlx::query_scalar("select coalesce(sum(bytes), 0)::bigint from recordings where app_id = $1")
            .bind(shop.app_id().uuid())
            .fetch_one(&world.pool)
            .await
            .unwrap();
        assert!(bytes <= 6_000, "{bytes}");
    }
    let kept = ids(&shop).await;
    assert!(kept.len() > 2 && kept.len() < 20, "{}", kept.len());
    assert!(kept.iter().eq(rows.iter().rev().take(kept.len()).map(|row| &row.id)), "not the newest");
    assert_eq!(ids(&other).await.len(), 1, "another app's were touched");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn recordings_go_with_their_day_and_their_app(pool: PgPool) {
    let world = world(pool).await;
    let (shop, other) = (world.opened("shop").await, world.opened("other").await);
    let script = ScriptId::new(noon());
    let old = recorded(&shop, script, noon() - SignedDuration::from_hours(24 * 9), "{}", 1 << 20);
    let rows = [old.clone(), recorded(&shop, script, noon(), "{}", 1 << 20), recorded(&other, script, noon(), "{}", 1 << 20)];
    world.store.runs().append(&rows, &[]).await.unwrap();
    other.delete(noon()).await.unwrap();
    world.store.runs().maintain(noon(), Retention::default()).await.unwrap();
    let left: Vec<uuid::Uuid> = sqlx::query_scalar("select execution_id from recordings").fetch_all(&world.pool).await.unwrap();
    assert_eq!(left, [rows[1].id.uuid()]);
}
