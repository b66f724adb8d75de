//! Schedules: what a deployment makes of them, which slots have runs, and that no slot has two (S-9.5).

use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;
use store::{AppStore, Change, JobClaim, LiveTrigger, Page, ScriptId, TriggerId};
use triggers::{CatchUp, On, Overlap, Retry, Schedule, Trigger};

use crate::world::{World, create_script, noon};

fn schedule(cron: &str, overlap: Overlap, catch_up: CatchUp) -> On {
    let payload = r#"{"n":1}"#.to_owned();
    On::Schedule(Schedule { cron: cron.to_owned(), time_zone: "UTC".to_owned(), overlap, catch_up, jitter_seconds: 0, payload })
}

struct Clock {
    world: World,
    app: AppStore,
    script: ScriptId,
}

impl Clock {
    async fn open(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let app = world.opened("shop").await;
        let (script, create) = create_script("report", "1");
        app.deploy(&[create], "", noon()).await.unwrap();
        Self { world, app, script }
    }

    async fn create(&self, name: &str, on: On) -> TriggerId {
        let id = TriggerId::new(noon());
        let trigger = Trigger { id: id.uuid(), name: name.into(), script: self.script.uuid(), on, retry: Retry::default() };
        self.app.deploy(&[Change::CreateTrigger(trigger)], "", noon()).await.unwrap();
        id
    }

    /// The database's, which decides.
    async fn now(&self) -> Timestamp {
        let seconds: i64 = sqlx::query_scalar("select extract(epoch from now())::bigint").fetch_one(&self.world.pool).await.unwrap();
        Timestamp::from_second(seconds).unwrap()
    }

    async fn live(&self, id: TriggerId) -> LiveTrigger {
        self.app.trigger(id, true).await.unwrap().unwrap()
    }

    /// As if the slot it waits for had been so long ago.
    async fn is_due_since(&self, id: TriggerId, seconds: i32) {
        let sql = "update triggers set next_at = date_trunc('minute', now()) - make_interval(secs => $2) where id = $1";
        sqlx::query(sql).bind(id.uuid()).bind(f64::from(seconds)).execute(&self.world.pool).await.unwrap();
    }

    /// Runs made, and slots skipped.
    async fn look(&self) -> (u64, u64) {
        let made = self.world.store.data().materialize_schedules(|_| 100, noon()).await.unwrap();
        (made.runs, made.skipped)
    }

    /// Newest first: what became of each slot.
    async fn runs(&self, id: TriggerId) -> Vec<Option<String>> {
        let runs = self.app.schedule_runs(id, Page::new(Some(200), None).unwrap()).await.unwrap();
        runs.items.into_iter().map(|run| run.skipped).collect()
    }

    async fn claimed(&self) -> Vec<store::ClaimedJob> {
        let claim = JobClaim { jobs_max: 100, per_app_max: 100, rooms: &[], after: None, now: noon() };
        self.world.store.data().claim_jobs(&claim).await.unwrap().jobs
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_slot_becomes_a_job_that_knows_it(pool: PgPool) {
    let clock = Clock::open(pool).await;
    let id = clock.create("every-minute", schedule("* * * * *", Overlap::Skip, CatchUp::Once)).await;
    assert!(clock.live(id).await.next_at.unwrap() > clock.now().await - SignedDuration::from_secs(61));
    assert_eq!(clock.look().await, (0, 0), "it is not due");
    clock.is_due_since(id, 0).await;
    let slot = clock.live(id).await.next_at.unwrap();
    assert_eq!(clock.look().await, (1, 0));
    assert!(clock.live(id).await.next_at.unwrap() > slot);
    let [job] = &clock.claimed().await[..] else { panic!("one") };
    assert_eq!((job.script.as_str(), job.payload.as_str(), job.trigger, job.scheduled_at), ("report", r#"{"n":1}"#, Some(id), Some(slot)));
    let event: serde_json::Value = serde_json::from_str(job.event.as_deref().unwrap()).unwrap();
    assert_eq!(
        event,
        serde_json::json!({ "schedule": "every-minute", "scheduled_at": slot.as_millisecond(), "missed": 0, "by_hand": false })
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_9_5_a_slot_has_one_run_however_often_and_by_whom_it_is_looked_at(pool: PgPool) {
    let clock = Clock::open(pool).await;
    let id = clock.create("every-minute", schedule("* * * * *", Overlap::Allow, CatchUp::All)).await;
    clock.is_due_since(id, 600).await;
    let data = clock.world.store.data();
    let looks = (0..8).map(|_| data.materialize_schedules(|_| 1_000, noon()));
    let made: u64 = futures_util::future::try_join_all(looks).await.unwrap().iter().map(|made| made.runs).sum();
    assert_eq!(made, 11, "ten minutes ago, and each minute since");
    // The same again, as after a clock that jumped back: all of them are there.
    clock.is_due_since(id, 600).await;
    assert_eq!(clock.look().await, (0, 0));
    assert_eq!(clock.runs(id).await.len(), 11);
    assert_eq!(clock.claimed().await.len(), 11);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn overlap_skips_waits_or_does_not_care(pool: PgPool) {
    let clock = Clock::open(pool).await;
    let skips = clock.create("skips", schedule("* * * * *", Overlap::Skip, CatchUp::All)).await;
    clock.is_due_since(skips, 120).await;
    assert_eq!(clock.look().await, (1, 2));
    assert_eq!(clock.runs(skips).await, [Some("overlap".into()), Some("overlap".into()), None]);
    let waits = clock.create("waits", schedule("* * * * *", Overlap::Queue, CatchUp::All)).await;
    clock.is_due_since(waits, 120).await;
    assert_eq!(clock.look().await, (3, 0));
    let claimed = clock.claimed().await;
    let of = |id| claimed.iter().filter(|job| job.trigger == Some(id)).collect::<Vec<_>>();
    assert_eq!((of(skips).len(), of(waits).len()), (1, 1), "of those that wait, the first");
    // The next is claimed when that one has come to rest, and in the order of the slots.
    sqlx::query("delete from jobs where id = $1").bind(of(waits)[0].id().uuid()).execute(&clock.world.pool).await.unwrap();
    let next = clock.claimed().await;
    assert_eq!(next.len(), 1);
    assert_eq!(next[0].scheduled_at.unwrap(), of(waits)[0].scheduled_at.unwrap() + SignedDuration::from_secs(60));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_deployment_leaves_alone_what_it_does_not_change(pool: PgPool) {
    let clock = Clock::open(pool).await;
    let kept = clock.create("kept", schedule("* * * * *", Overlap::Skip, CatchUp::Once)).await;
    clock.is_due_since(kept, 0).await;
    let due = clock.live(kept).await.next_at;
    let other = clock.create("other", schedule("@yearly", Overlap::Skip, CatchUp::Once)).await;
    assert_eq!(clock.live(kept).await.next_at, due);
    // Another time: it begins anew.
    let changed = Trigger { on: schedule("@daily", Overlap::Skip, CatchUp::Once), ..clock.live(kept).await.trigger };
    clock.app.deploy(&[Change::ReplaceTrigger { trigger: changed, expected: None }], "", noon()).await.unwrap();
    assert!(clock.live(kept).await.next_at > due);
    // Taken away, and back with the deployment that had it.
    clock.app.deploy(&[Change::RemoveTrigger { id: other, expected: None }], "", noon()).await.unwrap();
    assert!(clock.app.trigger(other, true).await.unwrap().is_none());
    clock.app.roll_back(None, "", noon()).await.unwrap();
    assert!(clock.live(other).await.next_at.is_some());
    // A script takes with it what starts it.
    clock.app.deploy(&[Change::RemoveScript { id: clock.script, expected: None }], "", noon()).await.unwrap();
    assert_eq!(clock.app.count_triggers(true).await.unwrap(), 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn paused_it_has_no_runs_whatever_is_deployed(pool: PgPool) {
    let clock = Clock::open(pool).await;
    let id = clock.create("every-minute", schedule("* * * * *", Overlap::Skip, CatchUp::All)).await;
    clock.is_due_since(id, 300).await;
    let paused = clock.app.pause_trigger(id, true, true, noon()).await.unwrap().unwrap();
    assert!(paused.paused_at.is_some() && paused.next_at.is_none());
    clock.create("other", schedule("@yearly", Overlap::Skip, CatchUp::Once)).await;
    assert_eq!((clock.look().await, clock.live(id).await.next_at), ((0, 0), None));
    // By hand it runs all the same.
    let run = clock.app.run_schedule(id, 100, noon()).await.unwrap().unwrap();
    assert!(run.by_hand && run.job.is_some());
    let resumed = clock.app.pause_trigger(id, true, false, noon()).await.unwrap().unwrap();
    assert!(resumed.next_at.unwrap() > clock.now().await - SignedDuration::from_secs(2), "what it missed is not caught up");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_full_queue_and_a_foreign_definition_stop_nobody(pool: PgPool) {
    let clock = Clock::open(pool).await;
    let full = clock.create("full", schedule("* * * * *", Overlap::Allow, CatchUp::Once)).await;
    let strange = clock.create("strange", schedule("* * * * *", Overlap::Allow, CatchUp::Once)).await;
    let sql = "update triggers set definition = jsonb_set(definition, '{on,cron}', '\"every full moon\"') where id = $1";
    sqlx::query(sql).bind(strange.uuid()).execute(&clock.world.pool).await.unwrap();
    clock.is_due_since(full, 0).await;
    clock.is_due_since(strange, 0).await;
    let made = clock.world.store.data().materialize_schedules(|_| 0, noon()).await.unwrap();
    assert_eq!((made.runs, made.skipped), (0, 1));
    assert_eq!(clock.runs(full).await, [Some("queue_full".into())]);
    assert_eq!(clock.live(strange).await.next_at, None);
    assert!(clock.world.store.data().next_due().await.unwrap().slot_ms.unwrap() > 0);
}
