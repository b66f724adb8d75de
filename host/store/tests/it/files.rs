//! Files: rows, bytes, and what may not happen between the two.

use std::{collections::BTreeMap, path::PathBuf};

use blobs::Blobs;
use execution::{
    Effects,
    files::{Range, Read, Write},
};
use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;
use store::{AppData, AppId, Commit, Committed, Digest, Error, FileChange, NewExecution, Quota, Revision, ScriptId};
use tempfile::TempDir;

use crate::{
    runs::execution,
    world::{World, noon},
};

const QUOTA: Quota = Quota { keys: 10, bytes: 1_000, files: 100, file_bytes: 1 << 20, jobs: 100 };
const DAY: SignedDuration = SignedDuration::from_hours(24);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// An app with files.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) directory: TempDir,
    app: AppId,
    data: AppData,
}

impl Shop {
    async fn open(pool: PgPool) -> Self {
        let mut world = World::new(pool).await;
        let directory = TempDir::new().unwrap();
        world.store = world.store.clone().with_blobs(Blobs::open(directory.path()).unwrap());
        world.control = world.store.control();
        let app = world.app("shop").await.id;
        let snapshots = world.store.snapshots();
        let data = snapshots.data(&snapshots.one(app).await.unwrap().unwrap());
        Self { world, directory, app, data }
    }

    async fn commit_at(&self, effects: &Effects, quota: Quota, now: Timestamp) -> Committed {
        let row: NewExecution = execution(self.app, ScriptId::new(noon()), noon());
        self.data.commit(&Commit { effects, now, quota, triggered: &[], hops: 0, traceparent: None, row: Some(&row) }).await.unwrap()
    }

    async fn commit(&self, effects: &Effects) -> Committed {
        self.commit_at(effects, QUOTA, noon()).await
    }

    async fn text(&self, path: &str) -> Option<String> {
        let info = self.data.file(path).await.unwrap()?;
        Some(String::from_utf8(self.data.file_bytes(&info.digest, info.size).await.unwrap()).unwrap())
    }

    async fn read(&self, path: &str) -> Read {
        Read::Path { path: path.into(), version: self.data.file(path).await.unwrap().map(|info| info.version) }
    }

    fn blob(&self, bytes: &str) -> PathBuf {
        self.directory.path().join(self.app.to_string()).join(Digest::of(bytes.as_bytes()).to_string())
    }

    async fn sweep(&self, now: Timestamp) -> u64 {
        self.world.store.data().sweep_blobs(now).await.unwrap()
    }

    /// Files and bytes, as they are counted and as they are; and the same of what lies in the directory.
    async fn usage(&self) -> [(i64, i64); 2] {
        let counted = "select coalesce(sum(files), 0)::bigint, coalesce(sum(bytes), 0)::bigint from file_usage where app_id = $1";
        let real = "select count(*), coalesce(sum(size), 0)::bigint from files where app_id = $1";
        let blobs =
            "select coalesce(sum(u.blob_bytes), 0)::bigint, (select coalesce(sum(size), 0)::bigint from file_blobs where app_id = $1)
            from file_usage u where app_id = $1";
        let (counts, is): (i64, i64) = sqlx::query_as(blobs).bind(self.app.uuid()).fetch_one(&self.world.pool).await.unwrap();
        assert_eq!(counts, is, "bytes in the directory");
        let counted = sqlx::query_as(counted).bind(self.app.uuid()).fetch_one(&self.world.pool).await.unwrap();
        let real = sqlx::query_as(real).bind(self.app.uuid()).fetch_one(&self.world.pool).await.unwrap();
        [counted, real]
    }
}

fn put(bytes: &str) -> Write {
    let updated_at_ms = u64::try_from(noon().as_millisecond()).unwrap();
    Write::Put { digest: Digest::of(bytes.as_bytes()).to_string(), bytes: bytes.into(), updated_at_ms }
}

fn writes(pairs: &[(&str, &str)]) -> Effects {
    let file_writes = pairs.iter().map(|(path, bytes)| ((*path).to_owned(), put(bytes))).collect();
    Effects { file_writes, ..Effects::default() }
}

fn delete(path: &str) -> Effects {
    Effects { file_writes: BTreeMap::from([(path.to_owned(), Write::Delete)]), ..Effects::default() }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_committed_is_read_by_its_app_alone(pool: PgPool) {
    let shop = Shop::open(pool).await;
    assert_eq!(shop.commit(&writes(&[("a", "1"), ("b/c", "two"), ("empty", "")])).await, Committed::Yes);
    assert_eq!(
        (shop.text("a").await.as_deref(), shop.text("b/c").await.as_deref(), shop.text("empty").await.as_deref()),
        (Some("1"), Some("two"), Some(""))
    );
    let info = shop.data.file("a").await.unwrap().unwrap();
    assert_eq!((info.digest.as_str(), info.size), (Digest::of(b"1").to_string().as_str(), 1));
    assert_eq!(i64::try_from(info.updated_at_ms).unwrap(), noon().as_millisecond());

    // The other app has neither rows nor bytes, though it knows their digest.
    let other = shop.world.app("other").await.id;
    let snapshots = shop.world.store.snapshots();
    let other = snapshots.data(&snapshots.one(other).await.unwrap().unwrap());
    assert_eq!(other.file("a").await.unwrap(), None);
    assert!(matches!(other.file_bytes(&info.digest, 1).await, Err(Error::Files { .. })));

    assert_eq!(shop.commit(&writes(&[("a", "1+")])).await, Committed::Yes);
    assert_eq!(shop.text("a").await.as_deref(), Some("1+"));
    assert_eq!(shop.commit(&delete("a")).await, Committed::Yes);
    assert_eq!(shop.commit(&delete("a")).await, Committed::Yes);
    assert_eq!(shop.text("a").await, None);
    assert_eq!(shop.usage().await, [(2, 3), (2, 3)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn pages_are_in_the_order_of_bytes(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.commit(&writes(&[("a", "0"), ("p/B", "2"), ("p/a", "3"), ("p/\u{e4}", "4"), ("p0", "5"), ("q", "6")])).await;
    let paths = async |prefix: &str, after: Option<&str>, limit| {
        let page = shop.data.file_list(&Range { prefix: prefix.into(), after: after.map(Into::into), limit }).await.unwrap();
        (page.entries.into_iter().map(|(path, _)| path).collect::<Vec<_>>().join(" "), page.more)
    };
    assert_eq!(paths("p/", None, 10).await, ("p/B p/a p/\u{e4}".into(), false));
    assert_eq!(paths("p/", None, 2).await, ("p/B p/a".into(), true));
    assert_eq!(paths("p/", Some("p/a"), 2).await, ("p/\u{e4}".into(), false));
    assert_eq!(paths("", Some("p/z"), 2).await, ("p/\u{e4} p0".into(), true));
    assert_eq!(paths("p/", Some("z"), 9).await, (String::new(), false));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_seen_must_still_be_so(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.commit(&writes(&[("a", "1"), ("p/1", "1")])).await;
    let range = Range { prefix: "p/".into(), after: None, limit: 10 };
    let page = async || {
        let page = shop.data.file_list(&range).await.unwrap();
        Read::Page {
            range: range.clone(),
            entries: page.entries.into_iter().map(|(path, info)| (path, info.version)).collect(),
            more: page.more,
        }
    };
    for (read, other, conflict) in [
        (shop.read("a").await, writes(&[("a", "1")]), true),
        (shop.read("a").await, writes(&[("b", "1")]), true),
        (shop.read("none").await, writes(&[("none", "1")]), true),
        (page().await, writes(&[("p/2", "1")]), true),
        (page().await, delete("p/1"), true),
    ] {
        // Only the first changes what the read of `a` saw: read it anew.
        let read = if let Read::Path { path, .. } = &read { shop.read(path).await } else { page().await };
        let mut effects = writes(&[("w", "never")]);
        effects.file_reads = vec![read.clone()];
        let same_path = matches!(&read, Read::Path { path, .. } if !other.file_writes.contains_key(path));
        shop.commit(&other).await;
        let expected = if conflict && !same_path { Committed::Conflict } else { Committed::Yes };
        assert_eq!(shop.commit(&effects).await, expected, "{read:?}");
        // What had no chance was not even written to the disk.
        assert_eq!(shop.blob("never").exists(), shop.text("w").await.is_some());
        shop.commit(&delete("w")).await;
        shop.sweep(noon() + DAY + MINUTE).await;
    }
    // One write of two that saw the same.
    let both = async |own: &str| Effects { file_reads: vec![shop.read("seat").await], ..writes(&[("seat", own)]) };
    let (one, two) = (both("ada").await, both("bob").await);
    let mut ends = [shop.commit(&one), shop.commit(&two)].map(Box::pin);
    let [first, second] = &mut ends;
    let ends = tokio::join!(first, second);
    assert!(matches!(ends, (Committed::Yes, Committed::Conflict) | (Committed::Conflict, Committed::Yes)), "{ends:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_3_5_nobody_passes_the_quota_of_files(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let quota = Quota { files: 10, file_bytes: 100, ..QUOTA };
    let nine: Vec<String> = (0..9).map(|number| number.to_string()).collect();
    let nine: Vec<(&str, &str)> = nine.iter().map(|path| (path.as_str(), "1")).collect();
    assert_eq!(shop.commit_at(&writes(&nine), quota, noon()).await, Committed::Yes);
    // Room for one file: of twenty at once exactly one gets it.
    let names: Vec<String> = (0..20).map(|number| format!("k{number}")).collect();
    let effects: Vec<Effects> = names.iter().map(|name| writes(&[(name, "1")])).collect();
    let ends = futures_util::future::join_all(effects.iter().map(|effects| shop.commit_at(effects, quota, noon()))).await;
    assert_eq!(ends.iter().filter(|end| **end == Committed::Yes).count(), 1, "{ends:?}");
    assert_eq!(shop.commit_at(&writes(&[("0", &"1".repeat(95))]), quota, noon()).await, Committed::OverFileQuota);
    assert!(!shop.blob(&"1".repeat(95)).exists(), "nothing is written that can't be kept");
    assert_eq!(shop.commit_at(&writes(&[("0", &"1".repeat(91))]), quota, noon()).await, Committed::Yes);
    assert_eq!(shop.commit_at(&writes(&[("0", "2")]), quota, noon()).await, Committed::Yes);
    assert_eq!(shop.usage().await, [(10, 10), (10, 10)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_nothing_needs_is_swept_after_a_day(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.commit(&writes(&[("a", "old"), ("b", "shared"), ("c", "shared")])).await;
    let replaced = noon() + DAY;
    assert_eq!(shop.commit_at(&writes(&[("a", "new")]), QUOTA, replaced).await, Committed::Yes);
    assert_eq!(shop.commit_at(&delete("b"), QUOTA, replaced).await, Committed::Yes);
    assert_eq!(shop.sweep(replaced + DAY - MINUTE).await, 0);
    assert!(shop.blob("old").exists());
    assert_eq!(shop.sweep(replaced + DAY + MINUTE).await, 1);
    assert!(!shop.blob("old").exists() && shop.blob("new").exists() && shop.blob("shared").exists());
    assert_eq!(shop.text("c").await.as_deref(), Some("shared"));
    shop.usage().await;
    // With the app goes everything, a day later.
    shop.world.open(shop.app).await.delete(replaced).await.unwrap();
    assert_eq!(shop.sweep(replaced + DAY - MINUTE).await, 0);
    assert_eq!(shop.sweep(replaced + DAY + MINUTE).await, 2);
    assert!(!shop.directory.path().join(shop.app.to_string()).exists());
    let left: i64 = sqlx::query_scalar("select count(*) from file_blobs").fetch_one(&shop.world.pool).await.unwrap();
    assert_eq!(left, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_about_to_be_needed_is_never_swept(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.commit(&writes(&[("a", "x")])).await;
    shop.commit(&delete("a")).await;
    // Due. Twenty want the same bytes again while others sweep: whoever committed can read what he wrote.
    for round in 0..10_i32 {
        let now = noon() + (DAY + MINUTE) * (round + 1);
        let paths: Vec<String> = (0..4).map(|number| format!("{round}/{number}")).collect();
        let effects: Vec<Effects> = paths.iter().map(|path| writes(&[(path, "x")])).collect();
        let commits = futures_util::future::join_all(effects.iter().map(|effects| shop.commit_at(effects, QUOTA, now)));
        let sweeps = futures_util::future::join_all((0..4).map(|_| shop.sweep(now)));
        let (ends, _) = tokio::join!(commits, sweeps);
        assert!(ends.contains(&Committed::Yes), "{ends:?}");
        for (path, _) in paths.iter().zip(&ends).filter(|(_, end)| **end == Committed::Yes) {
            assert_eq!(shop.text(path).await.as_deref(), Some("x"));
        }
        for path in &paths {
            shop.commit_at(&delete(path), QUOTA, now).await;
        }
    }
    shop.usage().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn bytes_of_a_file_cannot_go_whatever_the_clocks_say(pool: PgPool) {
    let shop = Shop::open(pool).await;
    shop.commit(&writes(&[("a", "x")])).await;
    sqlx::query("update file_blobs set unused_since = '2000-01-01T00:00:00Z'").execute(&shop.world.pool).await.unwrap();
    assert_eq!(shop.sweep(noon()).await, 0);
    assert!(sqlx::query("delete from file_blobs").execute(&shop.world.pool).await.is_err());
    assert_eq!(shop.text("a").await.as_deref(), Some("x"));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn s_3_5_replacing_without_end_does_not_fill_the_disk(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let quota = Quota { file_bytes: 20 << 20, ..QUOTA };
    let large = |number: usize| format!("{number}{}", "x".repeat(16 << 20));
    let mut taken = 0;
    while shop.commit_at(&writes(&[("a", &large(taken))]), quota, noon()).await == Committed::Yes {
        taken += 1;
    }
    // 2 times 20 MiB and 64 MiB.
    assert_eq!(taken, 6);
    shop.usage().await;
    // Too little of it for a sweep before its day; then there is room again.
    assert_eq!(shop.sweep(noon() + MINUTE * 16).await, 0);
    sqlx::query("update file_blobs set size = size * 5").execute(&shop.world.pool).await.unwrap();
    assert_eq!(shop.sweep(noon() + MINUTE * 14).await, 0);
    assert_eq!(shop.sweep(noon() + MINUTE * 16).await, 5);
    assert_eq!(shop.text("a").await.map(|text| text.len()), Some(large(0).len()));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn people_change_files_too(pool: PgPool) {
    let shop = Shop::open(pool).await;
    let app = shop.world.open(shop.app).await;
    let change = |expected: Option<&str>| FileChange { path: "a/b", expected: expected.map(Revision::parse), quota: QUOTA, now: noon() };
    let upload = async |pieces: &[&'static str]| {
        let mut upload = app.begin_upload().await.unwrap();
        for piece in pieces {
            upload = app.upload(upload, *piece).await.unwrap();
        }
        app.end_upload(upload).await.unwrap()
    };
    let made = app.put_file(&change(Some(Revision::ABSENT)), upload(&["hel", "lo"]).await).await.unwrap();
    assert_eq!((made.path.as_str(), made.size, made.digest), ("a/b", 5, Digest::of(b"hello")));
    assert_eq!(app.file_bytes(&made).await.unwrap(), b"hello");
    assert_eq!(shop.text("a/b").await.as_deref(), Some("hello"));
    let refused = app.put_file(&change(Some(Revision::ABSENT)), upload(&["x"]).await).await;
    assert!(matches!(refused, Err(Error::Changed { .. })));
    let same = app.put_file(&change(Some(made.revision().as_str())), upload(&["other"]).await).await.unwrap();
    assert_ne!(same.version, made.version);
    let page = app.files("a/", None, 10).await.unwrap();
    assert_eq!((page.entries.len(), page.next), (1, None));
    let few = FileChange { quota: Quota { files: 1, ..QUOTA }, path: "second", ..change(None) };
    assert!(matches!(app.put_file(&few, upload(&["x"]).await).await, Err(Error::OverFileQuota { files: 1, .. })));
    assert_eq!(app.delete_file(&change(None)).await.unwrap().map(|file| file.version), Some(same.version));
    assert_eq!(app.delete_file(&change(None)).await.unwrap(), None);
    // Dropped before their end, uploads leave nothing.
    drop(upload(&["y"]).await);
    drop(app.upload(app.begin_upload().await.unwrap(), "z").await.unwrap());
    let names = std::fs::read_dir(shop.directory.path().join(shop.app.to_string())).unwrap();
    assert!(names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).all(|name| !name.starts_with("part-")));
    assert_eq!(shop.usage().await, [(0, 0), (0, 0)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn without_a_directory_there_are_no_files(pool: PgPool) {
    let world = World::new(pool).await;
    let app = world.app("shop").await.id;
    let snapshots = world.store.snapshots();
    let data = snapshots.data(&snapshots.one(app).await.unwrap().unwrap());
    let row = execution(app, ScriptId::new(noon()), noon());
    let commit =
        Commit { effects: &writes(&[("a", "1")]), now: noon(), quota: QUOTA, triggered: &[], hops: 0, traceparent: None, row: Some(&row) };
    assert!(matches!(data.commit(&commit).await, Err(Error::NoFiles)));
    assert_eq!(data.file("a").await.unwrap(), None);
    assert!(matches!(world.open(app).await.begin_upload().await, Err(Error::NoFiles)));
    assert!(matches!(world.store.data().sweep_blobs(noon()).await, Err(Error::NoFiles)));
}
