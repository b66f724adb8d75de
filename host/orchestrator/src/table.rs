//! Step 2: what answers at a host. A table in memory, read without a lock, swapped when something changed.
//!
//! Two levels: the hosts name *slots*, and a slot holds the app as it runs now. A deployment swaps what is in one slot; only a change of
//! hosts makes a new map. Nothing here asks the database: `load.rs` brings the apps.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use execution::{AppLimits, Image, Limits};
use store::{AppData, AppId, AssetSet, Digest, ScriptId};
use triggers::Trigger;

use crate::{egress::AppEgress, gate::Gate, path::RouteTable, response::HostOwner, split::Split, trie::HostTrie};

/// An image that nobody has asked for between two of these moments is closed.
const REST_EVERY: Duration = Duration::from_secs(60);

/// What one app runs. Immutable: a change makes another.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) id: AppId,
    pub(crate) slug: Box<str>,
    /// The active deployment.
    pub(crate) version: Version,
    /// A share of the visitors gets another one.
    pub(crate) split: Option<Split>,
    /// Host of the app below the base domain, then its verified claims, as patterns of [`HostTrie`].
    pub(crate) hosts: Vec<Box<str>>,
    /// What the app as a whole may use.
    pub(crate) limits: AppLimits,
    /// The same over all deployments of the app.
    pub(crate) gate: Arc<Gate>,
    /// What its scripts keep; `None` where there is no database.
    pub(crate) data: Option<Arc<AppData>>,
    /// What its scripts may call, the same over all deployments of the app.
    pub(crate) egress: Arc<AppEgress>,
    /// What starts its scripts when something happens.
    pub(crate) triggers: Box<[Trigger]>,
}

/// One deployment, ready to run: the active one, or one that is looked at before.
#[derive(Debug, Default)]
pub(crate) struct Version {
    /// Its number; 0 if the app has none.
    pub(crate) deployment: u32,
    /// What one execution may use.
    pub(crate) limits: Limits,
    pub(crate) routes: RouteTable,
    /// Endpoints, sorted by id.
    pub(crate) scripts: Box<[Script]>,
    /// Their names, apart, for executions that outlive the version.
    pub(crate) endpoints: Arc<EndpointNames>,
    /// What static routes answer with, the same for all versions that have the same.
    pub(crate) assets: Arc<AssetSet>,
    /// Names it; `None`: there are none.
    pub(crate) asset_set: Option<Digest>,
}

/// Names of the endpoints of one deployment.
pub(crate) type EndpointNames = HashSet<Box<str>>;

/// A script that is live. No source: only what a sandbox loads.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) id: ScriptId,
    pub(crate) name: Box<str>,
    pub(crate) source: Digest,
    /// The modules that its image is made with; `None` if it imports nothing.
    pub(crate) modules: Option<Digest>,
    /// `None`: it could not be compiled when it was loaded; its routes answer 502.
    pub(crate) image: Option<Image>,
}

/// All apps of the instance.
#[derive(Debug, Default)]
pub(crate) struct Table {
    live: ArcSwap<Live>,
}

/// One state of the table.
#[derive(Debug, Default)]
struct Live {
    hosts: HostTrie<Arc<Slot>>,
    apps: HashMap<AppId, Arc<Slot>>,
}

#[derive(Debug)]
struct Slot {
    app: ArcSwap<App>,
}

/// How much is live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Apps, deployed or not.
    pub apps: usize,
    /// Routes of all active deployments.
    pub routes: usize,
    /// Endpoints of all active deployments.
    pub scripts: usize,
    /// Scripts that could not be compiled when they were loaded.
    pub broken_scripts: usize,
    /// Bytes that all images take now, packed or open.
    pub image_bytes: u64,
}

impl Version {
    /// The script of a route, if it is an endpoint of this deployment.
    pub(crate) fn script(&self, id: ScriptId) -> Option<&Script> {
        self.scripts.binary_search_by_key(&id, |script| script.id).ok().map(|place| &self.scripts[place])
    }

    /// The endpoint of a name.
    pub(crate) fn script_named(&self, name: &str) -> Option<&Script> {
        self.scripts.iter().find(|script| *script.name == *name)
    }

    /// Those of its endpoints that could be compiled.
    pub(crate) fn images(&self) -> impl Iterator<Item = &Image> {
        self.scripts.iter().filter_map(|script| script.image.as_ref())
    }
}

impl App {
    /// The app's own host below the base domain.
    pub(crate) fn own_host(&self) -> &str {
        self.hosts.first().map_or("", |host| host)
    }

    /// Whether a canonical host is the app's own domain or one below the base domain.
    pub(crate) fn owner_of(&self, host: &str) -> HostOwner {
        if self.own_host() == host { HostOwner::Shared } else { HostOwner::App }
    }
}

impl Table {
    /// The app that answers at a canonical host.
    pub(crate) fn app(&self, host: &str) -> Option<Arc<App>> {
        self.live.load().hosts.find(host).map(|slot| slot.app.load_full())
    }

    /// The app that runs a script. Looks at all apps: only calls by id ask, and 10,000 apps take less than a millisecond.
    pub(crate) fn app_of_script(&self, script: ScriptId) -> Option<Arc<App>> {
        let live = self.live.load();
        live.apps.values().map(|slot| slot.app.load()).find(|app| app.version.script(script).is_some()).map(|app| Arc::clone(&app))
    }

    /// An app by its id, for the one who loads its next version.
    pub(crate) fn by_id(&self, app: AppId) -> Option<Arc<App>> {
        self.live.load().apps.get(&app).map(|slot| slot.app.load_full())
    }

    /// Makes these apps, and no others, live. Called by whoever holds the lock of loading.
    pub(crate) fn replace_all(&self, apps: Vec<App>) {
        let slots = apps.into_iter().map(|app| (app.id, Arc::new(Slot { app: ArcSwap::from_pointee(app) }))).collect();
        self.live.store(Arc::new(Live::new(slots)));
    }

    /// Makes a new version of an app live, or a new app. Called by whoever holds the lock of loading.
    pub(crate) fn put(&self, app: App) {
        let live = self.live.load();
        match live.apps.get(&app.id) {
            Some(slot) if slot.app.load().hosts == app.hosts => slot.app.store(Arc::new(app)),
            _ => {
                let mut slots = live.apps.clone();
                slots.insert(app.id, Arc::new(Slot { app: ArcSwap::from_pointee(app) }));
                self.live.store(Arc::new(Live::new(slots)));
            }
        }
    }

    /// Ends an app. Called by whoever holds the lock of loading.
    pub(crate) fn remove(&self, app: AppId) {
        let live = self.live.load();
        if live.apps.contains_key(&app) {
            let mut slots = live.apps.clone();
            slots.remove(&app);
            self.live.store(Arc::new(Live::new(slots)));
        }
    }

    /// Requests of all apps that wait for a place in theirs.
    pub(crate) fn waiting(&self) -> usize {
        self.live.load().apps.values().map(|slot| slot.app.load().gate.waiting()).sum()
    }

    /// App and name of each endpoint that could not be compiled when it was loaded.
    pub(crate) fn broken(&self) -> Vec<(String, String)> {
        let live = self.live.load();
        let apps = live.apps.values().map(|slot| slot.app.load_full());
        let of_app = |app: Arc<App>| -> Vec<_> {
            let broken = app.version.scripts.iter().filter(|script| script.image.is_none());
            broken.map(|script| (app.slug.to_string(), script.name.to_string())).collect()
        };
        let mut broken: Vec<_> = apps.flat_map(of_app).collect();
        broken.sort_unstable();
        broken
    }

    /// Closes images that nobody asks for, for ever.
    pub(crate) async fn rest(&self) {
        loop {
            tokio::time::sleep(REST_EVERY).await;
            self.rest_now();
        }
    }

    fn rest_now(&self) {
        for slot in self.live.load_full().apps.values() {
            let app = slot.app.load_full();
            let split = app.split.as_ref().map(|split| &split.version);
            std::iter::once(&app.version).chain(split).flat_map(|version| version.images()).for_each(Image::rest);
        }
    }

    pub(crate) fn summary(&self) -> Summary {
        let live = self.live.load();
        live.apps.values().fold(Summary { apps: live.apps.len(), ..Summary::default() }, |sum, slot| {
            let version = &slot.app.load().version;
            Summary {
                routes: sum.routes + version.routes.routes().len(),
                scripts: sum.scripts + version.scripts.len(),
                broken_scripts: sum.broken_scripts + version.scripts.iter().filter(|script| script.image.is_none()).count(),
                image_bytes: sum.image_bytes + version.images().map(|image| image.bytes() as u64).sum::<u64>(),
                ..sum
            }
        })
    }
}

impl Live {
    fn new(apps: HashMap<AppId, Arc<Slot>>) -> Self {
        let mut hosts = HostTrie::default();
        for (id, slot) in &apps {
            for pattern in &slot.app.load().hosts {
                if hosts.insert(pattern, Arc::clone(slot)).is_some() {
                    // The database allows one owner of a verified host, so this is a defect; one of both answers.
                    tracing::error!(app = %id, host = %pattern, "two apps claim one host");
                }
            }
        }
        Self { hosts, apps }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use uuid::Uuid;

    use super::*;

    fn app(number: u128, deployment: u32, hosts: &[&str]) -> App {
        App {
            id: AppId::from(Uuid::from_u128(number)),
            slug: format!("app-{number}").into(),
            version: Version { deployment, ..Version::default() },
            split: None,
            hosts: hosts.iter().map(|host| Box::from(*host)).collect(),
            limits: AppLimits::default(),
            gate: Arc::default(),
            data: None,
            egress: Arc::default(),
            triggers: Box::default(),
        }
    }

    #[test]
    fn hosts_follow_their_apps() {
        let table = Table::default();
        table.replace_all(vec![app(1, 1, &["one.localhost"]), app(2, 1, &["two.localhost", "*.two.org"])]);
        let deployment = |host: &str| table.app(host).map(|app| (app.slug.to_string(), app.version.deployment));
        assert_eq!(deployment("one.localhost"), Some(("app-1".to_owned(), 1)));
        assert_eq!(deployment("x.two.org"), Some(("app-2".to_owned(), 1)));
        assert_eq!(deployment("localhost"), None);

        let before = table.app("one.localhost").unwrap();
        table.put(app(1, 2, &["one.localhost"]));
        assert_eq!((before.version.deployment, deployment("one.localhost").unwrap().1), (1, 2));
        table.put(app(2, 2, &["two.localhost"]));
        assert_eq!(deployment("x.two.org"), None);
        table.put(app(3, 1, &["three.localhost"]));
        assert_eq!(table.summary().apps, 3);
        table.remove(app(1, 0, &[]).id);
        assert_eq!(deployment("one.localhost"), None);
        assert_eq!(table.summary().apps, 2);
    }

    #[test]
    fn images_that_nobody_asks_for_are_closed() {
        let script = |number| Script {
            id: ScriptId::from(Uuid::from_u128(number)),
            name: "script".into(),
            source: Digest::of(b""),
            modules: None,
            image: Some(Image::new(&[0; 8192])),
        };
        let version = Version { scripts: [script(1), script(2)].into(), ..Version::default() };
        let images: Vec<Image> = version.images().cloned().collect();
        let table = Table::default();
        table.put(App { version, ..app(1, 1, &[]) });
        let packed = table.summary().image_bytes;
        images.iter().for_each(|image| drop(image.open()));
        assert_eq!(table.summary().image_bytes, packed + 2 * 8192);
        table.rest_now();
        let _used = images[1].open();
        table.rest_now();
        assert_eq!(table.summary().image_bytes, packed + 8192);
    }
}
