//! Brings the table in step with the database: reads snapshots, compiles what is new, swaps.
//!
//! One does it at a time, so that changes become live in the order in which they were made. While the database is away, what is live stays (S-9.3).

use std::{
    collections::HashMap,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use execution::Execute;
use store::{
    AppId, AppSnapshot, Digest, DomainKind, Event, Listener, ScriptKind, SnapshotEgress, SnapshotScript, Snapshots, SplitSnapshot,
    VersionSnapshot,
};
use tokio::sync::Mutex;

use crate::{
    assets::Sets,
    egress::{Entry, Policy},
    images::{Images, ModuleSet, Wanted},
    path::{RouteSpec, RouteTable},
    preview::Previews,
    split::{Split, Watch},
    table::{App, Script, Table, Version},
    topics::Topics,
};

/// Sources that are in memory at once while their images are made.
const SOURCES_AT_ONCE: usize = 256;
/// Pauses between attempts while the database is away.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_LONGEST: Duration = Duration::from_secs(5);

/// What loading needs.
#[derive(Clone)]
pub(crate) struct Loader {
    pub(crate) executor: Arc<dyn Execute>,
    pub(crate) table: Arc<Table>,
    pub(crate) previews: Arc<Previews>,
    pub(crate) loading: Arc<Mutex<()>>,
    pub(crate) topics: Arc<Topics>,
    pub(crate) base_domain: Arc<str>,
}

impl Loader {
    /// Reads every app and makes it live.
    pub(crate) async fn load_all(&self, snapshots: &Snapshots) -> store::Result<()> {
        let _alone = self.loading.lock().await;
        let started = Instant::now();
        let apps = snapshots.all().await?;
        let parts = self.parts(&apps, snapshots).await?;
        self.table.replace_all(apps.into_iter().map(|app| self.app(app, &parts, Some(snapshots))).collect());
        self.previews.forget_all();
        let summary = self.table.summary();
        let elapsed_ms = started.elapsed().as_millis();
        tracing::info!(summary.apps, summary.routes, summary.scripts, summary.broken_scripts, elapsed_ms, "all apps are loaded");
        Ok(())
    }

    /// Reads one app and makes it live, or ends it.
    pub(crate) async fn load_one(&self, id: AppId, snapshots: &Snapshots) -> store::Result<()> {
        let _alone = self.loading.lock().await;
        // What its previews hold of it (limits, images) may be old; they are read again when somebody looks.
        self.previews.forget(id);
        let Some(snapshot) = snapshots.one(id).await? else {
            self.table.remove(id);
            return Ok(());
        };
        let snapshot = [snapshot];
        let parts = self.parts(&snapshot, snapshots).await?;
        for app in snapshot {
            self.table.put(self.app(app, &parts, Some(snapshots)));
        }
        Ok(())
    }

    /// Follows the changes of all nodes, for ever.
    pub(crate) async fn follow(self, snapshots: Snapshots, mut listener: Listener) {
        loop {
            match listener.next().await {
                Event::Resync => until_the_database_answers(|| self.load_all(&snapshots)).await,
                Event::App(id) => until_the_database_answers(|| self.load_one(id, &snapshots)).await,
                Event::Messages => self.topics.wake(),
                Event::Revoked(_) => {}
            }
        }
    }

    /// Makes apps live from snapshots and sources at hand: for tests, benchmarks, and whoever has no database.
    pub(crate) async fn load_given(&self, apps: Vec<AppSnapshot>, sources: &HashMap<Digest, String>) {
        let mut parts = self.known(apps.iter().map(|app| app.app_id));
        let wanted = parts.images.wanted(apps.iter().flat_map(versions));
        parts.images.make(&self.executor, &wanted, sources).await;
        self.table.replace_all(apps.into_iter().map(|app| self.app(app, &parts, None)).collect());
    }

    /// All that these apps need: what is live already, images made now, on all cores, and sets of assets read now.
    async fn parts(&self, apps: &[AppSnapshot], snapshots: &Snapshots) -> store::Result<Parts> {
        let mut parts = self.known(apps.iter().map(|app| app.app_id));
        let of_split = |app: &AppSnapshot| app.split.as_ref().and_then(|split| split.version.asset_set);
        let sets = apps.iter().flat_map(|app| [(app.app_id, app.asset_set), (app.app_id, of_split(app))]);
        parts.sets.read(sets, snapshots).await?;
        self.make_images(&mut parts.images, apps.iter().flat_map(versions), snapshots).await?;
        Ok(parts)
    }

    async fn make_images<'a>(
        &self,
        images: &mut Images,
        versions: impl Iterator<Item = &'a [SnapshotScript]>,
        snapshots: &Snapshots,
    ) -> store::Result<()> {
        for wanted in images.wanted(versions).chunks(SOURCES_AT_ONCE) {
            let mut digests: Vec<Digest> = wanted.iter().flat_map(Wanted::sources).collect();
            digests.sort_unstable();
            digests.dedup();
            let texts = snapshots.sources(&digests).await?.into_iter().collect();
            images.make(&self.executor, wanted, &texts).await;
        }
        Ok(())
    }

    /// What these apps have that is live.
    fn known(&self, apps: impl Iterator<Item = AppId>) -> Parts {
        let mut parts = Parts::default();
        for app in apps.filter_map(|app| self.table.by_id(app)) {
            for version in std::iter::once(&app.version).chain(app.split.iter().map(|split| &split.version)) {
                version.scripts.iter().for_each(|script| parts.images.know(script));
                parts.sets.know(app.id, version);
            }
        }
        parts
    }

    /// `snapshots`: where it came from, and where its state is.
    fn app(&self, snapshot: AppSnapshot, parts: &Parts, snapshots: Option<&Snapshots>) -> App {
        let data = snapshots.map(|snapshots| Arc::new(snapshots.data(&snapshot)));
        let AppSnapshot {
            app_id,
            slug,
            limits,
            app_limits,
            deployment,
            deployment_id: _,
            hosts,
            egress: rules,
            secrets: _,
            routes,
            scripts,
            asset_set,
            triggers,
            split,
        } = snapshot;
        let live = self.table.by_id(app_id);
        let split = split.map(|SplitSnapshot { id, terms, version: other }| {
            // What was counted of a split goes on being counted.
            let watched = live.as_ref().and_then(|live| live.split.as_ref()).map(|split| &split.watch).filter(|watch| watch.id == id);
            let watch = watched.map_or_else(|| Arc::new(Watch::new(id, &terms)), Arc::clone);
            Split::new(app_id, terms, version(app_id, other, parts), watch)
        });
        let claims = hosts.into_iter().map(|(host, kind)| match kind {
            DomainKind::Exact => host.into(),
            DomainKind::Wildcard => format!("*.{host}").into(),
        });
        let own = format!("{slug}.{}", self.base_domain).into();
        let (gate, egress) = live.map(|app| (Arc::clone(&app.gate), Arc::clone(&app.egress))).unwrap_or_default();
        gate.resize(app_limits.concurrency);
        egress.set(policy(app_id, rules));
        App {
            id: app_id,
            version: version(app_id, VersionSnapshot { deployment, limits, routes, scripts, asset_set }, parts),
            hosts: std::iter::once(own).chain(claims).collect(),
            split,
            limits: app_limits,
            gate,
            slug: slug.into(),
            data,
            egress,
            triggers: triggers.into(),
        }
    }

    /// A deployment of an app, active or not, ready to run; `None`: the app has no such one. What is live already is shared.
    pub(crate) async fn version(&self, app: AppId, number: u32, snapshots: &Snapshots) -> store::Result<Option<Version>> {
        let Some(snapshot) = snapshots.deployment(app, number).await? else { return Ok(None) };
        let mut parts = self.known([app].into_iter());
        parts.sets.read([(app, snapshot.asset_set)].into_iter(), snapshots).await?;
        self.make_images(&mut parts.images, [snapshot.scripts.as_slice()].into_iter(), snapshots).await?;
        Ok(Some(version(app, snapshot, &parts)))
    }
}

/// What the app may call. A rule that this version does not understand allows nothing.
fn policy(app: AppId, rules: Vec<SnapshotEgress>) -> Policy {
    let entries = rules.into_iter().filter_map(|SnapshotEgress { host, port, scheme }| {
        let entry = Entry::parse(&host, port, scheme.as_deref());
        if entry.is_none() {
            tracing::error!(%app, host, "a rule of what the app may call is not understood: nothing is allowed by it");
        }
        entry
    });
    Policy::new(entries.collect())
}

/// The scripts of what runs, and of the other side of a split.
fn versions(app: &AppSnapshot) -> impl Iterator<Item = &[SnapshotScript]> {
    std::iter::once(app.scripts.as_slice()).chain(app.split.iter().map(|split| split.version.scripts.as_slice()))
}

/// What versions share.
#[derive(Default)]
struct Parts {
    images: Images,
    sets: Sets,
}

/// A deployment with the images that its scripts have, and its assets.
fn version(app: AppId, snapshot: VersionSnapshot, parts: &Parts) -> Version {
    let VersionSnapshot { deployment, limits, routes, scripts, asset_set } = snapshot;
    let routes = routes.into_iter().map(|route| RouteSpec {
        id: route.route,
        target: route.target,
        method: route.method,
        host: route.host,
        path: route.path,
    });
    let (routes, errors) = RouteTable::build(routes);
    for error in errors {
        tracing::error!(%app, deployment, %error, "a route is not served");
    }
    let modules = ModuleSet::of(&scripts).map(|set| set.key());
    let endpoints = scripts.into_iter().filter(|script| script.kind == ScriptKind::Endpoint);
    let mut scripts: Vec<Script> = endpoints.map(|script| parts.images.script(script, modules)).collect();
    scripts.sort_unstable_by_key(|script| script.id);
    let endpoints = Arc::new(scripts.iter().map(|script| script.name.clone()).collect());
    let assets = parts.sets.of(app, asset_set);
    Version { deployment, limits, routes, scripts: scripts.into(), endpoints, assets, asset_set }
}

/// Repeats something while the database is away. Any other failure would only be repeated, so it is reported and left.
pub(crate) async fn until_the_database_answers<F: Future<Output = store::Result<()>>>(ask: impl Fn() -> F) {
    let mut pause = PAUSE_FIRST;
    loop {
        match ask().await {
            Ok(()) => return,
            Err(error @ store::Error::Unavailable { .. }) => {
                tracing::warn!(%error, pause_ms = pause.as_millis(), "the database can't be asked; what is live stays");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_LONGEST);
            }
            Err(error) => {
                tracing::error!(%error, "the database can't be asked; what is live stays");
                return;
            }
        }
    }
}
