//! Assets: bytes, sets that deployments share, and what is kept of both.

use std::{collections::BTreeMap, path::PathBuf};

use blobs::Blobs;
use jiff::{SignedDuration, Timestamp};
use sqlx::PgPool;
use store::{
    Activation, AppStore, Asset, Change, Deployed, Deployment, Digest, Error, LimitsUpdate, Manifest, ManifestRoute, ManifestScript,
    ManifestSource, ManifestTarget, RouteId, RouteTarget, ScriptKind, StaticTerms,
};
use tempfile::TempDir;

use crate::world::{World, create_script, edit, noon};

const MOST: u64 = 1 << 20;
const DAY: SignedDuration = SignedDuration::from_hours(24);
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// An app with a directory of assets.
struct Site {
    world: World,
    directory: TempDir,
    app: AppStore,
}

impl Site {
    async fn open(pool: PgPool) -> Self {
        let mut world = World::new(pool).await;
        let directory = TempDir::new().unwrap();
        world.store = world.store.clone().with_assets(Blobs::open(directory.path()).unwrap());
        world.control = world.store.control();
        let app = world.opened("site").await;
        Self { world, directory, app }
    }

    async fn put_at(&self, bytes: &str, most: u64, now: Timestamp) -> Result<u64, Error> {
        let upload = self.app.begin_asset().await.unwrap();
        let upload = self.app.upload(upload, bytes.as_bytes().to_vec()).await.unwrap();
        let uploaded = self.app.end_upload(upload).await.unwrap();
        assert_eq!(uploaded.digest(), digest(bytes));
        self.app.put_asset(uploaded, most, now).await
    }

    async fn put(&self, bytes: &str) {
        assert_eq!(self.put_at(bytes, MOST, noon()).await.unwrap(), bytes.len() as u64);
    }

    async fn deploy(&self, manifest: &Manifest) -> Result<Deployment, Error> {
        self.deploy_at(manifest, noon()).await
    }

    async fn deploy_at(&self, manifest: &Manifest, now: Timestamp) -> Result<Deployment, Error> {
        match self.app.deploy_manifest(manifest, None, Activation::AtOnce, "m", now).await? {
            Deployed::New(deployment) => Ok(deployment),
            Deployed::Unchanged(deployment) => panic!("{deployment:?} is not new"),
        }
    }

    fn blob(&self, bytes: &str) -> PathBuf {
        self.directory.path().join(self.app.app_id().to_string()).join(digest(bytes).to_string())
    }

    async fn sweep(&self, now: Timestamp) -> u64 {
        self.world.store.data().sweep_assets(now).await.unwrap()
    }

    async fn count(&self, table: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}"))).fetch_one(&self.world.pool).await.unwrap()
    }

    /// What sets need, and all that lies there; both as they are counted and as they are.
    async fn usage(&self) -> (i64, i64) {
        let counted = "select bytes, blob_bytes from asset_usage where app_id = $1";
        let real = "select coalesce(sum(size) filter (where unused_since is null), 0)::bigint, coalesce(sum(size), 0)::bigint
            from asset_blobs where app_id = $1";
        let id = self.app.app_id().uuid();
        let counted: (i64, i64) = sqlx::query_as(counted).bind(id).fetch_one(&self.world.pool).await.unwrap();
        let real: (i64, i64) = sqlx::query_as(real).bind(id).fetch_one(&self.world.pool).await.unwrap();
        assert_eq!(counted, real);
        counted
    }
}

fn digest(bytes: &str) -> Digest {
    Digest::of(bytes.as_bytes())
}

/// A script, and these assets: path and bytes.
fn manifest(source: &str, assets: &[(&str, &str)]) -> Manifest {
    let script = ManifestScript { name: "a".into(), kind: ScriptKind::Endpoint, source: ManifestSource::Text(source.into()) };
    let assets = assets.iter().map(|(path, bytes)| ((*path).to_owned(), digest(bytes))).collect();
    Manifest { scripts: vec![script], assets, ..Manifest::default() }
}

fn static_route(path: &str, fallback: Option<&str>) -> ManifestRoute {
    let terms = StaticTerms { fallback: fallback.map(str::to_owned), ..StaticTerms::default() };
    ManifestRoute { target: ManifestTarget::Static(terms), method: Some("GET".into()), host: None, path: path.into() }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_set_is_one_for_all_deployments_that_have_it(pool: PgPool) {
    let site = Site::open(pool).await;
    site.put("one").await;
    site.put("two").await;
    let assets = [("/a.txt", "one"), ("/b.txt", "two"), ("/c.txt", "one")];
    let mut first = manifest("1", &assets);
    first.routes = vec![static_route("/*", Some("/a.txt"))];
    let first = site.deploy(&first).await.unwrap();
    let set = first.asset_set.unwrap();
    assert_eq!(site.usage().await, (6, 6), "each once");

    // An edit of a script carries them on; so does a manifest that says the same.
    let (_, other) = create_script("b", "2");
    let edited = site.app.deploy(&[other], "m", noon()).await.unwrap();
    let again = site.deploy(&manifest("3", &assets)).await.unwrap();
    assert_eq!((edited.asset_set, again.asset_set), (Some(set), Some(set)));
    assert_eq!((site.count("asset_sets").await, site.count("asset_set_entries").await), (1, 3));
    let without = site.deploy(&manifest("3", &[])).await.unwrap();
    assert_eq!(without.asset_set, None);
    assert_eq!(site.app.active_asset_set().await.unwrap(), None);
    site.app.roll_back(Some(1), "", noon()).await.unwrap().unwrap();
    assert_eq!(site.app.active_asset_set().await.unwrap(), Some(set));

    // What the data plane reads.
    let snapshots = site.world.store.snapshots();
    let snapshot = snapshots.one(site.app.app_id()).await.unwrap().unwrap();
    assert_eq!(snapshot.asset_set, Some(set));
    assert!(matches!(&snapshot.routes[0].target, RouteTarget::Static(terms) if terms.fallback.as_deref() == Some("/a.txt")));
    assert_eq!(snapshots.deployment(snapshot.app_id, 3).await.unwrap().unwrap().asset_set, Some(set));
    let name = (snapshot.app_id, set);
    let other = site.world.app("other").await.id;
    let mut read = snapshots.asset_sets(&[name, (snapshot.app_id, digest("none")), (other, set)]).await.unwrap();
    let (found, assets) = read.pop().unwrap();
    assert_eq!((found, read.len(), assets.len()), (name, 0, 3), "another app has none of it");
    let one = assets.find("/c.txt").unwrap();
    assert_eq!(one, Asset { digest: digest("one"), size: 3 });
    let data = snapshots.data(&snapshot);
    assert_eq!(data.asset_piece(one, 1, 2).await.unwrap(), b"ne");
    assert_eq!(data.open_asset(one).await.unwrap().read(0, 3).await.unwrap(), b"one");
    for wrong in [Asset { size: 4, ..one }, Asset { digest: digest("none"), ..one }] {
        assert!(matches!(data.open_asset(wrong).await, Err(Error::Files { .. })));
    }
    let page = site.app.assets(set, "/", None, 2).await.unwrap();
    assert_eq!((page.entries.len(), page.next.as_deref()), (2, Some("/b.txt")));
    let rest = site.app.assets(set, "/", Some("/b.txt"), 2).await.unwrap();
    assert_eq!((rest.entries[0].path.as_str(), rest.entries[0].size, rest.next), ("/c.txt", 3, None));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_differs_is_told_before_and_after(pool: PgPool) {
    let site = Site::open(pool).await;
    for bytes in ["one", "two", "three"] {
        site.put(bytes).await;
    }
    let first = site.deploy(&manifest("1", &[("/same", "one"), ("/changed", "one"), ("/gone", "two")])).await.unwrap();
    let next = manifest("1", &[("/same", "one"), ("/changed", "three"), ("/added", "two")]);
    let plan = site.app.plan_manifest(&next, Some(1), noon()).await.unwrap();
    assert_eq!(site.count("asset_sets").await, 1, "a plan writes nothing");
    let second = site.deploy(&next).await.unwrap();
    let difference = site.app.difference(Some(first.id), second.id).await.unwrap().unwrap();
    assert_eq!(difference.assets, plan.assets);
    let told: Vec<_> = difference.assets.iter().map(|asset| (asset.path.as_str(), asset.before, asset.after)).collect();
    let of = |bytes: &str| Some(digest(bytes));
    assert_eq!(told, [("/added", None, of("two")), ("/changed", of("one"), of("three")), ("/gone", of("two"), None)]);
    assert_eq!(site.app.difference(None, first.id).await.unwrap().unwrap().assets.len(), 3);
    let contents = site.app.deployment(second.id).await.unwrap().unwrap();
    assert_eq!(contents.assets, next.assets, "enough to make the manifest again");
    let same = site.app.deploy_manifest(&next, None, Activation::AtOnce, "m", noon()).await.unwrap();
    assert!(matches!(same, Deployed::Unchanged(_)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_not_there_is_not_deployed(pool: PgPool) {
    let site = Site::open(pool).await;
    site.put("one").await;
    let missing = site.app.missing_assets(&[digest("two"), digest("one"), digest("three")]).await.unwrap();
    assert_eq!(missing, [digest("two"), digest("three")]);
    let unknown = manifest("1", &[("/a", "one"), ("/b", "two")]);
    let refused = site.deploy(&unknown).await.map(drop);
    assert!(matches!(refused, Err(Error::AssetNotUploaded { path, digest: named }) if path == "/b" && named == digest("two")));
    let plan = site.app.plan_manifest(&unknown, None, noon()).await.unwrap();
    assert_eq!(plan.assets.len(), 2, "a plan can come before the bytes");
    // Claimed, and its bytes never came.
    sqlx::query("insert into asset_blobs (app_id, digest, size, unused_since) values ($1, $2, 3, now())")
        .bind(site.app.app_id().uuid())
        .bind(digest("two").as_bytes())
        .execute(&site.world.pool)
        .await
        .unwrap();
    assert!(matches!(site.deploy(&unknown).await, Err(Error::AssetNotUploaded { .. })));
    assert_eq!(site.app.missing_assets(&[digest("two")]).await.unwrap(), [digest("two")]);

    let mut named = manifest("1", &[("/a", "one")]);
    named.routes = vec![static_route("/*", Some("/b"))];
    assert!(matches!(site.deploy(&named).await, Err(Error::NoSuchAsset { field: "fallback", path, .. }) if path == "/b"));
    site.deploy(&manifest("1", &[("/a", "one")])).await.unwrap();
    let route = |fallback: &str| Change::CreateRoute {
        id: RouteId::new(noon()),
        target: RouteTarget::Static(StaticTerms { fallback: Some(fallback.into()), ..StaticTerms::default() }),
        method: Some("GET".into()),
        host: None,
        path: "/*".into(),
    };
    assert!(matches!(site.app.deploy(&[route("/b")], "m", noon()).await, Err(Error::NoSuchAsset { .. })));
    site.app.deploy(&[route("/a")], "m", noon()).await.unwrap();
    assert_eq!(site.app.routes(store::Page::default()).await.unwrap().items.len(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_sweep_leaves_what_a_kept_deployment_needs(pool: PgPool) {
    let site = Site::open(pool).await;
    for bytes in ["old", "both", "never"] {
        site.put(bytes).await;
    }
    site.deploy(&manifest("1", &[("/a", "old"), ("/b", "both")])).await.unwrap();
    assert_eq!(site.usage().await, (7, 12));
    assert_eq!(site.sweep(noon() + DAY - MINUTE).await, 0);
    assert_eq!(site.sweep(noon() + DAY + MINUTE).await, 1, "nothing ever needed it");
    assert!(!site.blob("never").exists() && site.blob("old").exists());
    assert!(matches!(site.deploy(&manifest("1", &[("/a", "never")])).await, Err(Error::AssetNotUploaded { .. })));

    // The last deployment that needs it goes with pruning, and a day later so do the bytes.
    site.deploy(&manifest("1", &[("/b", "both")])).await.unwrap();
    let (id, script) = create_script("b", "0");
    site.app.deploy(&[script], "m", noon()).await.unwrap();
    let later = noon() + DAY * 2;
    for number in 1..=98 {
        site.app.deploy(&[edit(id, &number.to_string())], "m", later).await.unwrap();
    }
    assert_eq!((site.count("asset_sets").await, site.sweep(later + DAY * 2).await), (2, 0), "101 are kept");
    site.app.deploy(&[edit(id, "last")], "m", later).await.unwrap();
    assert_eq!(site.count("asset_sets").await, 1);
    assert_eq!(site.usage().await, (4, 7));
    assert_eq!(site.sweep(later + DAY - MINUTE).await, 0);
    assert_eq!(site.sweep(later + DAY + MINUTE).await, 1);
    assert!(!site.blob("old").exists() && site.blob("both").exists());
    assert_eq!(site.usage().await, (4, 4));
    // It can come back.
    site.put_at("old", MOST, later).await.unwrap();
    site.deploy_at(&manifest("1", &[("/a", "old")]), later).await.unwrap();
    assert_eq!(site.sweep(later + DAY * 9).await, 0);

    assert!(site.world.open(site.app.app_id()).await.delete(later).await.unwrap());
    assert_eq!((site.count("asset_sets").await, site.count("asset_set_entries").await, site.count("asset_usage").await), (0, 0, 0));
    assert_eq!(site.sweep(later + DAY + MINUTE).await, 2);
    assert_eq!(site.count("asset_blobs").await, 0);
    assert!(!site.blob("old").exists() && !site.blob("both").exists());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn much_that_nothing_needs_is_kept_for_six_hours(pool: PgPool) {
    let site = Site::open(pool).await;
    site.put("one").await;
    sqlx::query("update asset_blobs set size = 300 << 20").execute(&site.world.pool).await.unwrap();
    assert_eq!(site.sweep(noon() + SignedDuration::from_hours(5)).await, 0);
    assert_eq!(site.sweep(noon() + SignedDuration::from_hours(7)).await, 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_app_keeps_as_much_as_it_may(pool: PgPool) {
    let site = Site::open(pool).await;
    let bytes = |letter: &str, count: usize| letter.repeat(count);
    assert!(matches!(site.put_at(&bytes("a", 101), 100, noon()).await, Err(Error::OverAssetQuota { bytes: 100 })));
    assert!(!site.blob(&bytes("a", 101)).exists());
    assert_eq!(site.count("asset_blobs").await, 0);
    let limit = |bytes: u64| store::AppUpdate {
        limits: Some(LimitsUpdate::These(BTreeMap::from([("assets_bytes".into(), Some(bytes))]))),
        ..store::AppUpdate::default()
    };
    site.app.update(&limit(100), None, noon()).await.unwrap();
    for letter in ["a", "b"] {
        site.put_at(&bytes(letter, 60), 100, noon()).await.unwrap();
    }
    let (a, b) = (bytes("a", 60), bytes("b", 60));
    let both = manifest("1", &[("/a", &a), ("/b", &b)]);
    assert!(matches!(site.deploy(&both).await, Err(Error::OverAssetQuota { bytes: 100 })));
    assert_eq!((site.count("deployments").await, site.usage().await), (0, (0, 120)), "nothing of it is left");
    // The same bytes at many paths count once.
    site.deploy(&manifest("1", &[("/a", &a), ("/aa", &a), ("/aaa", &a)])).await.unwrap();
    assert!(matches!(site.put_at(&bytes("c", 41), 100, noon()).await, Err(Error::OverAssetQuota { .. })));
    // What is there already takes no room.
    site.put_at(&a, 100, noon()).await.unwrap();
    assert!(matches!(site.deploy(&manifest("1", &[("/b", &b)])).await, Err(Error::OverAssetQuota { .. })), "the first is kept as well");
    // Who is above a limit that was lowered changes what needs no more.
    site.app.update(&limit(10), None, noon()).await.unwrap();
    site.deploy(&manifest("2", &[("/other", &a)])).await.unwrap();
    site.deploy(&manifest("2", &[])).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn uploads_at_once_are_counted_once(pool: PgPool) {
    let site = Site::open(pool).await;
    let all = (0..40).map(|number| site.put_at(["same", "other", "third"][number % 3], MOST, noon()));
    let done = futures_util::future::join_all(all).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(site.usage().await, (0, 14));
    assert!(site.app.missing_assets(&[digest("same"), digest("other"), digest("third")]).await.unwrap().is_empty());
}
