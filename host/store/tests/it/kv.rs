//! What scripts keep: reads, commits, and what may not happen between two of them.

use std::collections::BTreeMap;

use execution::{
    Effects,
    kv::{Page, Range, Read, Stored, Write},
};
use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;
use store::{AppData, AppId, Commit, Committed, NewExecution, Quota, ScriptId};

use crate::{
    runs::execution,
    world::{World, noon},
};

const QUOTA: Quota = Quota { keys: 1_000, bytes: 1 << 20, files: 1_000, file_bytes: 1 << 20, jobs: 100 };

/// An app's state, and rows for what is committed.
struct Shop {
    world: World,
    app: AppId,
    data: AppData,
}

impl Shop {
    async fn open(pool: PgPool, slug: &str) -> Self {
        let world = World::new(pool).await;
        let app = world.app(slug).await.id;
        let data = data(&world, app).await;
        Self { world, app, data }
    }

    fn row(&self) -> NewExecution {
        execution(self.app, ScriptId::new(noon()), noon())
    }

    async fn commit(&self, effects: &Effects) -> Committed {
        self.commit_within(effects, QUOTA).await
    }

    async fn commit_within(&self, effects: &Effects, quota: Quota) -> Committed {
        let row = self.row();
        self.data
            .commit(&Commit { effects, now: noon(), quota, triggered: &[], hops: 0, traceparent: None, row: Some(&row) })
            .await
            .unwrap()
    }

    async fn set(&self, pairs: &[(&str, &str)]) {
        assert_eq!(self.commit(&writes(pairs)).await, Committed::Yes);
    }

    async fn get(&self, key: &str) -> Option<String> {
        self.data.kv_get(key, noon()).await.unwrap().map(|stored| stored.value)
    }

    /// Reads a key as an execution does.
    async fn read(&self, key: &str) -> Read {
        let version = self.data.kv_get(key, noon()).await.unwrap().map(|stored| stored.version);
        Read::Key { key: key.into(), version }
    }

    async fn read_page(&self, prefix: &str) -> Read {
        let range = range(prefix, None, 100);
        let Page { entries, more } = self.data.kv_list(&range, noon()).await.unwrap();
        Read::Page { range, entries: entries.into_iter().map(|(key, stored)| (key, stored.version)).collect(), more }
    }

    /// Keys and bytes, as they are counted and as they are.
    async fn usage(&self) -> [(i64, i64); 2] {
        let counted = "select coalesce(sum(keys), 0)::bigint, coalesce(sum(bytes), 0)::bigint from kv_usage where app_id = $1";
        let real = "select count(*), coalesce(sum(octet_length(key) + octet_length(value)), 0)::bigint from kv where app_id = $1";
        let counted = sqlx::query_as(counted).bind(self.app.uuid()).fetch_one(&self.world.pool).await.unwrap();
        let real = sqlx::query_as(real).bind(self.app.uuid()).fetch_one(&self.world.pool).await.unwrap();
        [counted, real]
    }
}

async fn data(world: &World, app: AppId) -> AppData {
    let snapshots = world.store.snapshots();
    snapshots.data(&snapshots.one(app).await.unwrap().unwrap())
}

fn range(prefix: &str, after: Option<&str>, limit: u32) -> Range {
    Range { prefix: prefix.into(), after: after.map(Into::into), limit }
}

fn set(value: &str) -> Write {
    Write::Set { value: value.into(), expires_at_ms: None }
}

fn writes(pairs: &[(&str, &str)]) -> Effects {
    let writes = pairs.iter().map(|(key, value)| ((*key).to_owned(), set(value))).collect();
    Effects { writes, ..Effects::default() }
}

fn one(key: &str, write: Write) -> Effects {
    Effects { writes: BTreeMap::from([(key.to_owned(), write)]), ..Effects::default() }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_committed_is_read_by_its_app_alone(pool: PgPool) {
    let shop = Shop::open(pool, "shop").await;
    let other = shop.world.app("other").await.id;
    let other = data(&shop.world, other).await;
    shop.set(&[("a", "1"), ("b", r#""two""#)]).await;
    assert_eq!((shop.get("a").await.as_deref(), shop.get("b").await.as_deref()), (Some("1"), Some(r#""two""#)));
    assert_eq!(other.kv_get("a", noon()).await.unwrap(), None);
    assert_eq!(other.kv_list(&range("", None, 10), noon()).await.unwrap(), Page::default());
    let row = shop.row();
    let commit = Commit {
        effects: &one("a", set("9")),
        now: noon(),
        quota: QUOTA,
        triggered: &[],
        hops: 0,
        traceparent: None,
        row: Some(&NewExecution { app: other.app_id(), ..row }),
    };
    assert_eq!(other.commit(&commit).await.unwrap(), Committed::Yes);
    assert_eq!(shop.get("a").await.as_deref(), Some("1"));
    assert_eq!(shop.commit(&one("a", Write::Delete)).await, Committed::Yes);
    assert_eq!(shop.get("a").await, None);
    let [counted, real] = shop.usage().await;
    assert_eq!((counted, counted), (real, (1, 6)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_row_comes_with_what_was_written_or_not_at_all(pool: PgPool) {
    let shop = Shop::open(pool, "shop").await;
    let count = async || sqlx::query_scalar::<_, i64>("select count(*) from executions").fetch_one(&shop.world.pool).await.unwrap();
    shop.set(&[("a", "1")]).await;
    assert_eq!(count().await, 1);
    let stale = Effects { reads: vec![Read::Key { key: "a".into(), version: None }], ..writes(&[("b", "1")]) };
    assert_eq!(shop.commit(&stale).await, Committed::Conflict);
    assert_eq!((count().await, shop.get("b").await), (1, None));
    // What comes with a batch later is the same row, and its logs are not lost.
    let row = shop.row();
    let effects = writes(&[("c", "1")]);
    let commit = Commit { effects: &effects, now: noon(), quota: QUOTA, triggered: &[], hops: 0, traceparent: None, row: Some(&row) };
    assert_eq!(shop.data.commit(&commit).await.unwrap(), Committed::Yes);
    let line = crate::runs::log(&row, "line");
    let runs = shop.world.store.runs();
    assert_eq!(runs.append(std::slice::from_ref(&row), std::slice::from_ref(&line)).await.unwrap().len(), 1);
    assert!(runs.append(&[row], &[line]).await.unwrap().is_empty(), "written before");
    assert_eq!(count().await, 2);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn pages_are_in_the_order_of_bytes_and_bounded(pool: PgPool) {
    let shop = Shop::open(pool, "shop").await;
    shop.set(&[("a", "0"), ("p/", "1"), ("p/B", "2"), ("p/a", "3"), ("p/\u{e4}", "4"), ("p0", "5"), ("q", "6")]).await;
    let keys = async |prefix: &str, after: Option<&str>, limit| {
        let page = shop.data.kv_list(&range(prefix, after, limit), noon()).await.unwrap();
        (page.entries.into_iter().map(|(key, _)| key).collect::<Vec<_>>().join(" "), page.more)
    };
    assert_eq!(keys("p/", None, 10).await, ("p/ p/B p/a p/\u{e4}".into(), false));
    assert_eq!(keys("p/", None, 4).await, ("p/ p/B p/a p/\u{e4}".into(), false));
    assert_eq!(keys("p/", None, 3).await, ("p/ p/B p/a".into(), true));
    assert_eq!(keys("p/", Some("p/B"), 3).await, ("p/a p/\u{e4}".into(), false));
    assert_eq!(keys("", Some("p/z"), 2).await, ("p/\u{e4} p0".into(), true));
    assert_eq!(keys("p/", Some("a"), 1).await, ("p/".into(), true));
    assert_eq!(keys("p/", Some("z"), 9).await, (String::new(), false));
    // Ten values of 300 KB: a page ends with the one that brings it above a mebibyte.
    let large = format!("\"{}\"", "x".repeat(300_000));
    let names: Vec<String> = (0..10).map(|number| format!("large/{number}")).collect();
    let pairs: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), large.as_str())).collect();
    assert_eq!(shop.commit_within(&writes(&pairs), Quota { bytes: 1 << 30, ..QUOTA }).await, Committed::Yes);
    let page = shop.data.kv_list(&range("large/", None, 100), noon()).await.unwrap();
    assert_eq!((page.entries.len(), page.more, page.entries[3].1.value.len()), (4, true, large.len()));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn write_skew_does_not_happen(pool: PgPool) {
    let shop = Shop::open(pool, "shop").await;
    shop.set(&[("on_call/a", "true"), ("on_call/b", "true")]).await;
    // Both see two on call and take one away; together they would leave nobody.
    let leaves = async |own: &str| Effects { reads: vec![shop.read_page("on_call/").await], ..writes(&[(own, "false")]) };
    let (a, b) = (leaves("on_call/a").await, leaves("on_call/b").await);
    let mut ends = [shop.commit(&a), shop.commit(&b)].map(Box::pin);
    let [first, second] = &mut ends;
    let (first, second) = tokio::join!(first, second);
    assert!(
        matches!((&first, &second), (Committed::Yes, Committed::Conflict) | (Committed::Conflict, Committed::Yes)),
        "{first:?} {second:?}"
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn phantoms_are_seen(pool: PgPool) {
    let shop = Shop::open(pool, "shop").await;
    shop.set(&[("seat/1", "1")]).await;
    for (other, key, conflict) in
        [("seat/2", "seat/3", true), ("seat/0", "seat/4", true), ("other", "seat/5", false), ("seat/1", "seat/6", true)]
    {
        let books = Effects { reads: vec![shop.read_page("seat/").await], ..writes(&[(key, "1")]) };
        shop.set(&[(other, "2")]).await;
        assert_eq!(shop.commit(&books).await, if conflict { Committed::Conflict } else { Committed::Yes }, "{other}");
    }
    // A key that was not there, and is now.
    let claims = Effects { reads: vec![shop.read("name").await], ..writes(&[("name", "1")]) };
    shop.set(&[("name", "2")]).await;
    assert_eq!(shop.commit(&claims).await, Committed::Conflict);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_read_in_steps_was_true_at_once(pool: PgPool) {
    let shop = Shop::open(pool, "shop").await;
    shop.set(&[("a", "1"), ("b", "1")]).await;
    let first = shop.read("a").await;
    let moved = Effects { reads: vec![shop.read("a").await, shop.read("b").await], ..writes(&[("a", "0"), ("b", "2")]) };
    assert_eq!(shop.commit(&moved).await, Committed::Yes);
    let reader = Effects { reads: vec![first, shop.read("b").await], ..Effects::default() };
    let ask = async |effects| {
        shop.data
            .commit(&Commit { effects, now: noon(), quota: QUOTA, triggered: &[], hops: 0, traceparent: None, row: None })
            .await
            .unwrap()
    };
    assert_eq!(ask(&reader).await, Committed::Conflict);
    let again = Effects { reads: vec![shop.read("a").await, shop.read("b").await], ..Effects::default() };
    assert_eq!(ask(&again).await, Committed::Yes);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn executions_that_only_count_never_conflict(pool: PgPool) {
    const EXECUTIONS: usize = 40;
    let shop = Shop::open(pool, "shop").await;
    let count = one("hits", Write::Add(2));
    let ends = futures_util::future::join_all((0..EXECUTIONS).map(|_| shop.commit(&count))).await;
    // One that is crossed more often than it may try says so; it was not counted.
    let counted = ends.iter().filter(|end| **end == Committed::Yes).count();
    assert_eq!(shop.get("hits").await, Some((2 * counted).to_string()));
    assert!(counted > EXECUTIONS / 2, "{counted}");
    shop.set(&[("text", r#""no""#), ("most", &i64::MAX.to_string())]).await;
    for key in ["text", "most"] {
        assert_eq!(shop.commit(&one(key, Write::Add(1))).await, Committed::NotANumber { keys: vec![key.into()] });
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_3_5_nobody_passes_the_quota(pool: PgPool) {
    let shop = Shop::open(pool, "shop").await;
    let quota = Quota { keys: 10, bytes: 100, ..QUOTA };
    let nine: Vec<String> = (0..9).map(|number| number.to_string()).collect();
    let nine: Vec<(&str, &str)> = nine.iter().map(|key| (key.as_str(), "1")).collect();
    assert_eq!(shop.commit_within(&writes(&nine), quota).await, Committed::Yes);
    // Room for one key: of twenty at once exactly one gets it.
    let names: Vec<String> = (0..20).map(|number| format!("k{number}")).collect();
    let effects: Vec<Effects> = names.iter().map(|name| writes(&[(name, "1")])).collect();
    let ends = futures_util::future::join_all(effects.iter().map(|effects| shop.commit_within(effects, quota))).await;
    assert_eq!(ends.iter().filter(|end| **end == Committed::Yes).count(), 1, "{ends:?}");
    // A value that takes too much; less, and what only replaces, goes on.
    assert_eq!(shop.commit_within(&writes(&[("0", &"1".repeat(90))]), quota).await, Committed::OverQuota);
    assert_eq!(shop.commit_within(&writes(&[("0", "2")]), quota).await, Committed::Yes);
    assert_eq!(shop.commit_within(&one("1", Write::Delete), quota).await, Committed::Yes);
    let [counted, real] = shop.usage().await;
    assert_eq!(counted, real);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_expired_key_is_absent_and_then_swept(pool: PgPool) {
    let shop = Shop::open(pool, "shop").await;
    let at = noon() + SignedDuration::from_secs(10);
    let expires_at_ms = Some(u64::try_from(at.as_millisecond()).unwrap());
    shop.set(&[("stays", "1")]).await;
    assert_eq!(shop.commit(&one("goes", Write::Set { value: "7".into(), expires_at_ms })).await, Committed::Yes);
    let get = async |now: Timestamp| shop.data.kv_get("goes", now).await.unwrap().map(|Stored { value, .. }| value);
    let just_before = at - SignedDuration::from_millis(1);
    assert_eq!((get(just_before).await.as_deref(), get(at).await), (Some("7"), None));
    assert_eq!(shop.data.kv_list(&range("", None, 9), at).await.unwrap().entries.len(), 1);
    let data = shop.world.store.data();
    // Executions that began before may still see it.
    assert_eq!(data.sweep_expired(at + SignedDuration::from_mins(4)).await.unwrap(), 0);
    assert_eq!(data.sweep_expired(at + SignedDuration::from_mins(6)).await.unwrap(), 1);
    let [counted, real] = shop.usage().await;
    assert_eq!((counted, real), ((1, 6), (1, 6)));
}
