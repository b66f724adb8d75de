//! The queue: what is claimed, by whom, how often, and what is left of it.

use std::{collections::BTreeMap, time::Duration};

use execution::{
    Effects, InvocationType,
    dead_letters::{Decision, Range, Read},
    kv::Write,
    queue::{NewJob, Options},
};
use sqlx::PgPool;
use store::{
    AppData, AppId, ClaimedJob, ClaimedJobs, Commit, Committed, DELIVERIES_MAX, ExecutionId, FailedAttempt, JobClaim, JobId, NewExecution,
    Quota, ScriptId,
};
use uuid::Uuid;

use crate::{
    runs::execution,
    world::{World, noon},
};

const QUOTA: Quota = Quota { keys: 1_000, bytes: 1 << 20, files: 10, file_bytes: 1 << 20, jobs: 100 };

struct Queue {
    world: World,
}

impl Queue {
    async fn open(pool: PgPool) -> Self {
        Self { world: World::new(pool).await }
    }

    async fn app(&self, slug: &str) -> AppData {
        let app = self.world.app(slug).await.id;
        let snapshots = self.world.store.snapshots();
        snapshots.data(&snapshots.one(app).await.unwrap().unwrap())
    }

    async fn enqueue(&self, app: &AppData, jobs: Vec<NewJob>) -> Committed {
        let effects = Effects { jobs, ..Effects::default() };
        let row = row(app.app_id());
        app.commit(&Commit { effects: &effects, now: noon(), quota: QUOTA, triggered: &[], hops: 2, traceparent: None, row: Some(&row) })
            .await
            .unwrap()
    }

    async fn claim(&self, jobs_max: u32) -> Vec<ClaimedJob> {
        self.claim_with(jobs_max, 100, &[], None).await.jobs
    }

    async fn claim_with(&self, jobs_max: u32, per_app_max: u32, rooms: &[(AppId, u32)], after: Option<AppId>) -> ClaimedJobs {
        let claim = JobClaim { jobs_max, per_app_max, rooms, after, now: noon() };
        self.world.store.data().claim_jobs(&claim).await.unwrap()
    }

    /// As if its node had been lost for longer than a lease, or its pause were over.
    async fn make_due(&self) {
        sqlx::query("update jobs set due_at = now() - interval '1 second'").execute(&self.world.pool).await.unwrap();
    }

    async fn count(&self, condition: &str) -> i64 {
        let count = sqlx::AssertSqlSafe(format!("select count(*) from jobs where {condition}"));
        sqlx::query_scalar(count).fetch_one(&self.world.pool).await.unwrap()
    }

    async fn fail(&self, job: &ClaimedJob) -> bool {
        let failed = FailedAttempt { outcome: "error", message: "it threw\0", has_run: true, is_final: false, chance: 0 };
        self.world.store.data().fail_job(job, &failed).await.unwrap()
    }
}

fn job(script: &str) -> NewJob {
    NewJob { id: Uuid::now_v7(), script: script.into(), payload: r#"{"n": 1.50}"#.into(), depth: 3, how: Options::default(), origin: None }
}

fn row(app: AppId) -> NewExecution {
    execution(app, ScriptId::new(noon()), noon())
}

/// The row of the execution that runs a job.
fn row_of(job: &ClaimedJob) -> NewExecution {
    NewExecution { id: job.execution(), job: Some(job.id()), invocation_type: InvocationType::Queue, ..row(job.app()) }
}

/// Counts, as a script does.
fn counts() -> Effects {
    Effects { writes: BTreeMap::from([("done".to_owned(), Write::Add(1))]), ..Effects::default() }
}

async fn done(app: &AppData, job: &ClaimedJob) -> Committed {
    let (effects, row) = (counts(), row_of(job));
    app.commit(&Commit { effects: &effects, now: noon(), quota: QUOTA, triggered: &[], hops: 0, traceparent: None, row: Some(&row) })
        .await
        .unwrap()
}

async fn number(app: &AppData) -> String {
    app.kv_get("done", noon()).await.unwrap().map_or_else(|| "0".to_owned(), |stored| stored.value)
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_job_is_claimed_once_and_gone_with_what_it_did(pool: PgPool) {
    let queue = Queue::open(pool).await;
    let shop = queue.app("shop").await;
    let new = job("mail");
    assert_eq!(queue.enqueue(&shop, vec![new.clone()]).await, Committed::Yes);
    let [claimed] = &queue.claim(10).await[..] else { panic!("one") };
    assert_eq!((claimed.app(), claimed.id(), claimed.script.as_str()), (shop.app_id(), JobId::from(new.id), "mail"));
    assert_eq!((claimed.payload.as_str(), claimed.depth, claimed.hops, claimed.failed), (r#"{"n": 1.50}"#, 3, 2, 0));
    assert_eq!((claimed.how.attempts, claimed.how.backoff_ms), (5, 10_000));
    assert!(claimed.enqueued_by.is_some());
    assert!(queue.claim(10).await.is_empty(), "it is somebody's");
    assert_eq!(done(&shop, claimed).await, Committed::Yes);
    assert_eq!((queue.count("true").await, number(&shop).await.as_str()), (0, "1"));
    assert_eq!(done(&shop, claimed).await, Committed::NotItsJob);
    assert_eq!(number(&shop).await, "1", "nothing of what comes too late is written");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_9_5_what_is_delivered_twice_is_one_execution_and_has_its_effects_once(pool: PgPool) {
    let queue = Queue::open(pool).await;
    let shop = queue.app("shop").await;
    queue.enqueue(&shop, vec![job("mail")]).await;
    let first = queue.claim(10).await.remove(0);
    queue.make_due().await;
    let second = queue.claim(10).await.remove(0);
    assert_eq!((first.id(), first.execution()), (second.id(), second.execution()));
    assert_eq!((done(&shop, &second).await, done(&shop, &first).await), (Committed::Yes, Committed::NotItsJob));
    assert_eq!(number(&shop).await, "1");

    // One that has failed is another execution, and what was delivered before has no say any more.
    queue.enqueue(&shop, vec![job("mail")]).await;
    let first = queue.claim(10).await.remove(0);
    assert!(!queue.fail(&first).await);
    queue.make_due().await;
    let second = queue.claim(10).await.remove(0);
    assert_eq!((first.id(), second.failed), (second.id(), 1));
    assert_ne!(first.execution(), second.execution());
    assert!(!queue.fail(&first).await);
    assert_eq!(done(&shop, &first).await, Committed::NotItsJob);
    assert_eq!(done(&shop, &second).await, Committed::Yes);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_job_that_is_done_leaves_nothing_if_its_commit_fails(pool: PgPool) {
    let queue = Queue::open(pool).await;
    let shop = queue.app("shop").await;
    queue.enqueue(&shop, vec![job("mail")]).await;
    let claimed = queue.claim(1).await.remove(0);
    let stale = execution::kv::Read::Key { key: "done".into(), version: Some(7) };
    let effects = Effects { reads: vec![stale], jobs: vec![job("next")], ..counts() };
    let row = row_of(&claimed);
    let commit = Commit { effects: &effects, now: noon(), quota: QUOTA, triggered: &[], hops: 0, traceparent: None, row: Some(&row) };
    assert_eq!(shop.commit(&commit).await.unwrap(), Committed::Conflict);
    assert_eq!((queue.count("true").await, queue.count("script_name = 'next'").await), (1, 0));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn failures_are_tried_again_and_then_are_dead_letters(pool: PgPool) {
    let queue = Queue::open(pool).await;
    let shop = queue.app("shop").await;
    let how = Options { attempts: 2, backoff_ms: 60_000, ..Options::default() };
    queue.enqueue(&shop, vec![NewJob { how, ..job("mail") }]).await;
    let first = queue.claim(1).await.remove(0);
    assert!(!queue.fail(&first).await, "one attempt is left");
    assert!(queue.claim(1).await.is_empty(), "not before its pause is over");
    let due = queue.world.store.data().next_due().await.unwrap().job_ms.unwrap();
    assert!((25_000..=30_000).contains(&due), "half of the pause, since chance says so: {due}");
    queue.make_due().await;
    let second = queue.claim(1).await.remove(0);
    assert!(queue.fail(&second).await, "that was the last");
    queue.make_due().await;
    assert!(queue.claim(1).await.is_empty());
    assert_eq!(queue.world.store.data().next_due().await.unwrap().job_ms, None);
    assert_eq!(
        queue.count("died_at is not null and attempts = 2 and failed_outcome = 'error' and failed_execution_id is not null").await,
        1
    );
}

/// A job of one attempt, which has failed.
async fn dead(queue: &Queue, app: &AppData) -> Uuid {
    let new = NewJob { how: Options { attempts: 1, ..Options::default() }, ..job("mail") };
    queue.enqueue(app, vec![new.clone()]).await;
    assert!(queue.fail(&queue.claim(1).await.remove(0)).await);
    new.id
}

async fn commit(app: &AppData, effects: &Effects) -> Committed {
    let row = row(app.app_id());
    app.commit(&Commit { effects, now: noon(), quota: QUOTA, triggered: &[], hops: 5, traceparent: None, row: Some(&row) }).await.unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_execution_decides_on_dead_letters_with_everything_else_it_does(pool: PgPool) {
    let queue = Queue::open(pool).await;
    let (shop, other) = (queue.app("shop").await, queue.app("other").await);
    let ids = [dead(&queue, &shop).await, dead(&queue, &shop).await, dead(&queue, &other).await];
    let [again, gone, foreign] = ids;
    let seen = shop.dead_letter(again.into()).await.unwrap().unwrap();
    assert_eq!((seen.script.as_str(), seen.payload.as_deref(), seen.attempts), ("mail", Some(r#"{"n": 1.50}"#), 1));
    assert_eq!((seen.outcome.as_str(), seen.message.as_str()), ("error", "it threw\u{fffd}"));
    assert_eq!(shop.dead_letter(foreign.into()).await.unwrap(), None, "another app's");
    let range = Range { after: None, limit: 1 };
    let page = shop.dead_letters(&range).await.unwrap();
    assert_eq!((page.entries.len(), page.entries[0].id, &page.entries[0].payload, page.more), (1, again, &None, true));
    let rest = shop.dead_letters(&Range { after: Some(again), limit: 1 }).await.unwrap();
    assert_eq!((rest.entries[0].id, rest.more), (gone, false));

    let reads =
        vec![Read::One { id: again, death: Some(seen.death) }, Read::Page { range, entries: vec![(again, seen.death)], more: true }];
    let decisions = BTreeMap::from([(again, Decision::Replay { depth: 9 }), (gone, Decision::Resolve), (foreign, Decision::Resolve)]);
    let stale = Effects { reads: vec![execution::kv::Read::Key { key: "done".into(), version: Some(7) }], ..counts() };
    let stale = Effects { dead_letter_reads: reads.clone(), decisions: decisions.clone(), ..stale };
    assert_eq!(commit(&shop, &stale).await, Committed::Conflict);
    assert_eq!(queue.count("died_at is not null").await, 3, "nothing is decided");

    let effects = Effects { dead_letter_reads: reads, decisions, ..counts() };
    assert_eq!(commit(&shop, &effects).await, Committed::Yes);
    let claimed = queue.claim(10).await;
    assert_eq!(claimed.iter().map(|job| (job.id(), job.failed, job.depth, job.hops)).collect::<Vec<_>>(), [(again.into(), 0, 9, 5)]);
    assert_eq!((queue.count("died_at is not null").await, number(&shop).await.as_str()), (1, "1"), "another app's stays");

    // What was seen is not so any more, and what has died anew is another death.
    assert_eq!(commit(&shop, &effects).await, Committed::Conflict);
    let failed = FailedAttempt { outcome: "error", message: "", has_run: true, is_final: true, chance: 0 };
    assert!(queue.world.store.data().fail_job(&claimed[0], &failed).await.unwrap());
    assert_ne!(shop.dead_letter(again.into()).await.unwrap().unwrap().death, seen.death);
    assert_eq!(commit(&shop, &effects).await, Committed::Conflict);
    assert_eq!(number(&shop).await, "1");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_dead_letter_is_decided_once_however_many_try_at_the_same_moment(pool: PgPool) {
    let queue = Queue::open(pool).await;
    let shop = queue.app("shop").await;
    let id = dead(&queue, &shop).await;
    let death = shop.dead_letter(id.into()).await.unwrap().map(|letter| letter.death);
    let decide =
        |decision| Effects { dead_letter_reads: vec![Read::One { id, death }], decisions: BTreeMap::from([(id, decision)]), ..counts() };
    let (replays, resolves) = (decide(Decision::Replay { depth: 1 }), decide(Decision::Resolve));
    let tries = (0..8).map(|n| commit(&shop, if n % 2 == 0 { &replays } else { &resolves }));
    let ended = futures_util::future::join_all(tries).await;
    assert_eq!(ended.iter().filter(|ended| **ended == Committed::Yes).count(), 1, "{ended:?}");
    assert_eq!(number(&shop).await, "1");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_job_that_takes_its_node_with_it_does_not_do_so_for_ever(pool: PgPool) {
    let queue = Queue::open(pool).await;
    let shop = queue.app("shop").await;
    queue.enqueue(&shop, vec![job("mail")]).await;
    for _ in 0..DELIVERIES_MAX {
        assert_eq!(queue.claim(1).await.len(), 1);
        queue.make_due().await;
    }
    let claimed = queue.claim_with(1, 1, &[], None).await;
    assert_eq!((claimed.jobs.len(), claimed.died), (0, 1));
    assert_eq!(queue.count("died_at is not null and failed_outcome = 'lost'").await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_could_not_be_begun_counts_as_not_tried(pool: PgPool) {
    let queue = Queue::open(pool).await;
    let shop = queue.app("shop").await;
    queue.enqueue(&shop, vec![job("mail")]).await;
    for _ in 0..2 * DELIVERIES_MAX {
        let claimed = queue.claim(1).await.remove(0);
        queue.world.store.data().return_job(&claimed, Duration::from_secs(30)).await.unwrap();
        assert!(queue.claim(1).await.is_empty());
        queue.make_due().await;
    }
    assert_eq!(queue.claim(1).await[0].failed, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_lease_lasts_as_long_as_its_node_asks(pool: PgPool) {
    let queue = Queue::open(pool).await;
    let shop = queue.app("shop").await;
    queue.enqueue(&shop, vec![job("mail"), job("mail")]).await;
    let claimed = queue.claim(2).await;
    queue.make_due().await;
    let kept = (claimed[0].app(), claimed[0].id(), claimed[0].execution());
    // Whose execution it is not, changes nothing.
    let foreign = (claimed[1].app(), claimed[1].id(), ExecutionId::new(noon()));
    queue.world.store.data().extend_leases(&[kept, foreign]).await.unwrap();
    let again: Vec<_> = queue.claim(2).await.iter().map(ClaimedJob::id).collect();
    assert_eq!(again, [claimed[1].id()]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn all_apps_have_their_turn(pool: PgPool) {
    let queue = Queue::open(pool).await;
    let mut apps = Vec::new();
    for slug in ["busy", "calm", "third"] {
        apps.push(queue.app(slug).await);
    }
    apps.sort_by_key(AppData::app_id);
    queue.enqueue(&apps[0], (0..50).map(|_| job("a")).collect()).await;
    queue.enqueue(&apps[1], vec![job("b")]).await;
    queue.enqueue(&apps[2], (0..3).map(|_| job("c")).collect()).await;
    let scripts = |claimed: &ClaimedJobs| claimed.jobs.iter().map(|job| job.script.clone()).collect::<String>();

    let first = queue.claim_with(10, 4, &[], None).await;
    assert_eq!((scripts(&first).as_str(), first.next), ("aaaabccc", None), "no more than four of each");
    let room = [(apps[0].app_id(), 1)];
    let second = queue.claim_with(10, 4, &room, None).await;
    assert_eq!(scripts(&second), "a", "there is room for one of it");
    let full = [(apps[0].app_id(), 0)];
    assert_eq!(scripts(&queue.claim_with(10, 4, &full, None).await), "");

    // What doesn't fit goes on behind the last app.
    queue.enqueue(&apps[1], vec![job("b")]).await;
    let third = queue.claim_with(4, 4, &[], None).await;
    assert_eq!((scripts(&third).as_str(), third.next), ("aaaa", Some(apps[0].app_id())));
    let fourth = queue.claim_with(4, 4, &[], third.next).await;
    assert_eq!((scripts(&fourth).as_str(), fourth.next), ("b", None));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_3_5_jobs_have_a_quota_and_dead_letters_count(pool: PgPool) {
    let queue = Queue::open(pool).await;
    let shop = queue.app("shop").await;
    let hundred = || (0..100).map(|_| job("mail")).collect::<Vec<_>>();
    assert_eq!(queue.enqueue(&shop, (0..101).map(|_| job("mail")).collect()).await, Committed::OverJobQuota);
    assert_eq!(queue.enqueue(&shop, hundred()).await, Committed::Yes);
    assert_eq!(queue.enqueue(&shop, vec![job("mail")]).await, Committed::OverJobQuota);
    sqlx::query("update jobs set died_at = now()").execute(&queue.world.pool).await.unwrap();
    assert_eq!(queue.enqueue(&shop, vec![job("mail")]).await, Committed::OverJobQuota);
    let other = queue.app("other").await;
    assert_eq!(queue.enqueue(&other, hundred()).await, Committed::Yes);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_job_waits_for_its_time_by_the_clock_of_the_database(pool: PgPool) {
    let queue = Queue::open(pool).await;
    let shop = queue.app("shop").await;
    let later = NewJob { how: Options { delay_ms: 5_000, ..Options::default() }, ..job("later") };
    queue.enqueue(&shop, vec![later, job("now")]).await;
    let claimed = queue.claim(10).await;
    assert_eq!(claimed.iter().map(|job| job.script.as_str()).collect::<Vec<_>>(), ["now"]);
    let due = queue.world.store.data().next_due().await.unwrap().job_ms.unwrap();
    assert!((1..=5_000).contains(&due), "{due}");
}
