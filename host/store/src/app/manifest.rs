//! The complete contents of an app in one call.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use triggers::{On, Retry, Trigger};

use super::{
    Route, RouteTarget, Script, ScriptKind, Settings, StaticTerms,
    contents::{Contents, thing},
};
use crate::{Digest, Error, Result, RouteId, ScriptId, Thing, asset_set::set_digest, ids::v7};

/// Everything that an app should be. What is not in it is no longer there afterwards.
#[derive(Debug, Clone, Default)]
pub struct Manifest {
    pub scripts: Vec<ManifestScript>,
    pub routes: Vec<ManifestRoute>,
    /// Schedules included.
    pub triggers: Vec<ManifestTrigger>,
    /// Assets by path; the caller has checked the paths.
    pub assets: BTreeMap<String, Digest>,
    pub settings: Settings,
}

/// A script by its name. It keeps the id that the name has in the active deployment.
#[derive(Debug, Clone)]
pub struct ManifestScript {
    pub name: String,
    pub kind: ScriptKind,
    pub source: ManifestSource,
}

/// Where a text comes from.
#[derive(Debug, Clone)]
pub enum ManifestSource {
    /// Parsed by the caller.
    Text(String),
    /// A text that the app has already, in any deployment that is kept.
    Known(Digest),
}

/// A route by what it answers. It keeps the id that method, host and path have in the active deployment.
#[derive(Debug, Clone)]
pub struct ManifestRoute {
    pub target: ManifestTarget,
    /// Upper case; `None` for any.
    pub method: Option<String>,
    /// Exact host or `*.` wildcard; `None` for any of the app's hosts.
    pub host: Option<String>,
    pub path: String,
}

/// A trigger or a schedule, which the caller has checked. It keeps the id that its name has in the active deployment.
#[derive(Debug, Clone)]
pub struct ManifestTrigger {
    pub name: String,
    /// Name of a script of the manifest.
    pub script: String,
    pub on: On,
    pub retry: Retry,
}

/// What answers a route of a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestTarget {
    /// Name of a script of the manifest.
    Script(String),
    /// The manifest's assets. The route's method has to be `GET`.
    Static(StaticTerms),
}

impl Manifest {
    /// The digests that it takes for known.
    pub(super) fn known(&self) -> Vec<Digest> {
        let digest = |script: &ManifestScript| match script.source {
            ManifestSource::Known(digest) => Some(digest),
            ManifestSource::Text(_) => None,
        };
        self.scripts.iter().filter_map(digest).collect()
    }
}

impl Contents {
    /// What the manifest says, with the ids and times of `present` where nothing changed.
    pub(super) fn of_manifest(manifest: &Manifest, present: &Self, now: Timestamp) -> Result<Self> {
        let mut contents = Self::new(Vec::new(), Vec::new(), Vec::new(), manifest.settings.clone(), set_digest(&manifest.assets));
        contents.brought_assets = Some(manifest.assets.clone());
        for ManifestScript { name, kind, source } in &manifest.scripts {
            let source_digest = match source {
                ManifestSource::Text(text) => contents.bring(text),
                ManifestSource::Known(digest) => *digest,
            };
            let old = present.names.get(name).and_then(|id| present.scripts.get(id));
            contents.put_script(match old {
                Some(old) if (old.kind, old.source_digest) == (*kind, source_digest) => old.clone(),
                Some(old) => Script { kind: *kind, source_digest, changed_at: now, ..old.clone() },
                None => Script { id: ScriptId::new(now), name: name.clone(), kind: *kind, source_digest, created_at: now, changed_at: now },
            })?;
        }
        let answers = |route: &Route| (route.method.clone(), route.host.clone(), route.path.clone());
        let present_triggers = &present.triggers;
        let present: HashMap<_, &Route> = present.routes.values().map(|route| (answers(route), route)).collect();
        for ManifestRoute { target, method, host, path } in &manifest.routes {
            let target = match target {
                ManifestTarget::Static(terms) => RouteTarget::Static(terms.clone()),
                ManifestTarget::Script(name) => {
                    let id = contents.names.get(name).ok_or_else(|| Error::Missing { what: Thing::Script, name: name.clone() })?;
                    RouteTarget::Script(*id)
                }
            };
            let (method, host, path) = (method.clone(), host.clone(), path.clone());
            let route = Route { id: RouteId::new(now), target, method, host, path, changed_at: now };
            contents.put_route(match present.get(&answers(&route)) {
                Some(old) if old.target == route.target => (*old).clone(),
                Some(old) => Route { id: old.id, ..route },
                None => route,
            })?;
        }
        for ManifestTrigger { name, script, on, retry } in &manifest.triggers {
            let id = contents.names.get(script).ok_or_else(|| Error::Missing { what: Thing::Script, name: script.clone() })?;
            let trigger = Trigger { id: v7(now), name: name.clone(), script: id.uuid(), on: on.clone(), retry: *retry };
            let is_same = |old: &&Trigger| old.name == trigger.name && thing(old) == thing(&trigger);
            let old = present_triggers.values().find(is_same).map(|old| old.id);
            contents.put_trigger(Trigger { id: old.unwrap_or(trigger.id), ..trigger })?;
        }
        contents.check()?;
        contents.check_assets(|path| manifest.assets.contains_key(path))?;
        Ok(contents)
    }

    /// Whether both run the same: everything but the times.
    pub(super) fn runs_like(&self, other: &Self) -> bool {
        let scripts = |contents: &Self| contents.scripts.iter().map(|(id, script)| (*id, script.revision())).collect::<Vec<_>>();
        let routes = |contents: &Self| contents.routes.iter().map(|(id, route)| (*id, route.revision())).collect::<Vec<_>>();
        (&self.settings, self.assets, &self.triggers) == (&other.settings, other.assets, &other.triggers)
            && scripts(self) == scripts(other)
            && routes(self) == routes(other)
    }
}
