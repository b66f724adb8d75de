//! What a deployment consists of, and the rules a change must keep. Pure: no SQL here.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::json;

use triggers::Trigger;

use super::{Change, Route, RouteTarget, Script, ScriptKind, Settings, triggers::revision_of};
use crate::{Digest, Error, Result, Revision, RouteId, ScriptId, Thing, TriggerId};

/// Scripts and routes of one deployment while the next one is made of them.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) scripts: BTreeMap<ScriptId, Script>,
    pub(super) routes: BTreeMap<RouteId, Route>,
    pub(super) settings: Settings,
    pub(super) triggers: BTreeMap<TriggerId, Trigger>,
    /// The set of its assets.
    pub(super) assets: Option<Digest>,
    /// What is in the set, if a manifest brought it.
    pub(super) brought_assets: Option<BTreeMap<String, Digest>>,
    /// Texts that the changes brought.
    pub(super) sources: BTreeMap<Digest, String>,
    pub(super) names: HashMap<String, ScriptId>,
    shapes: HashMap<Shape, Vec<RouteId>>,
}

/// What routes must differ in, the method apart: host pattern and path with the names of parameters left out.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Shape(Option<String>, String);

impl Shape {
    fn of(route: &Route) -> Self {
        let segments: Vec<&str> = route.path.split('/').map(|segment| if segment.starts_with(':') { ":" } else { segment }).collect();
        Self(route.host.clone(), segments.join("/"))
    }
}

impl Contents {
    pub(super) fn new(
        scripts: Vec<Script>,
        routes: Vec<Route>,
        triggers: Vec<Trigger>,
        settings: Settings,
        assets: Option<Digest>,
    ) -> Self {
        let triggers = triggers.into_iter().map(|trigger| (TriggerId::from(trigger.id), trigger)).collect();
        let mut contents = Self { triggers, settings, assets, ..Self::default() };
        for script in scripts {
            contents.add_script(script);
        }
        for route in routes {
            contents.add_route(route);
        }
        contents
    }

    /// Applies one change, or says why it can't be.
    pub(super) fn apply(&mut self, change: &Change, now: Timestamp) -> Result<()> {
        match change {
            Change::CreateScript { id, name, kind, source } => {
                let source_digest = self.bring(source);
                let script = Script { id: *id, name: name.clone(), kind: *kind, source_digest, created_at: now, changed_at: now };
                self.put_script(script)
            }
            Change::UpdateScript { id, name, kind, source, expected } => {
                let old = self.script(*id, expected.as_ref())?.clone();
                let source_digest = source.as_deref().map_or(old.source_digest, |source| self.bring(source));
                let name = name.clone().unwrap_or_else(|| old.name.clone());
                self.take_script(*id);
                self.put_script(Script { name, kind: kind.unwrap_or(old.kind), source_digest, changed_at: now, ..old })
            }
            Change::RemoveScript { id, expected } => {
                self.script(*id, expected.as_ref())?;
                self.take_script(*id);
                let orphans: Vec<RouteId> =
                    self.routes.values().filter(|route| route.target.script() == Some(*id)).map(|route| route.id).collect();
                orphans.into_iter().for_each(|route| self.take_route(route));
                self.triggers.retain(|_, trigger| trigger.script != id.uuid());
                Ok(())
            }
            Change::CreateRoute { id, target, method, host, path } => {
                let (target, method, host, path) = (target.clone(), method.clone(), host.clone(), path.clone());
                self.put_route(Route { id: *id, target, method, host, path, changed_at: now })
            }
            Change::ReplaceRoute { id, target, method, host, path, expected } => {
                self.route(*id, expected.as_ref())?;
                self.take_route(*id);
                let (target, method, host, path) = (target.clone(), method.clone(), host.clone(), path.clone());
                self.put_route(Route { id: *id, target, method, host, path, changed_at: now })
            }
            Change::RemoveRoute { id, expected } => {
                self.route(*id, expected.as_ref())?;
                self.take_route(*id);
                Ok(())
            }
            Change::CreateTrigger(trigger) => self.put_trigger(trigger.clone()),
            Change::ReplaceTrigger { trigger, expected } => {
                self.take_trigger(trigger.id.into(), expected.as_ref())?;
                self.put_trigger(trigger.clone())
            }
            Change::RemoveTrigger { id, expected } => self.take_trigger(*id, expected.as_ref()),
        }
    }

    /// What holds only for the whole: a module has no routes, and nothing starts it. Checked after the last change, so that the order of changes is free.
    pub(super) fn check(&self) -> Result<()> {
        let routed = self.routes.values().filter_map(|route| route.target.script());
        let started = self.triggers.values().map(|trigger| ScriptId::from(trigger.script));
        let scripts = routed.chain(started).filter_map(|script| self.scripts.get(&script));
        match scripts.into_iter().find(|script| script.kind == ScriptKind::Module) {
            Some(script) => Err(Error::NotAnEndpoint { script: script.id }),
            None => Ok(()),
        }
    }

    /// The assets that static routes name: the route, the field that names one, and its path.
    pub(super) fn named_assets(&self) -> impl Iterator<Item = (&Route, &'static str, &str)> {
        self.routes.values().flat_map(|route| match &route.target {
            RouteTarget::Script(_) => Vec::new(),
            RouteTarget::Static(terms) => terms.named().map(|(field, path)| (route, field, path)).collect(),
        })
    }

    /// Whether static routes name nothing but assets.
    pub(super) fn check_assets(&self, has: impl Fn(&str) -> bool) -> Result<()> {
        match self.named_assets().find(|(_, _, path)| !has(path)) {
            Some((route, field, path)) => Err(Error::NoSuchAsset { route: route.path.clone(), field, path: path.to_owned() }),
            None => Ok(()),
        }
    }

    /// Of everything that runs: equal contents have equal digests. Part of what the audit log hashes.
    pub(super) fn digest(&self) -> Digest {
        let scripts = self.scripts.values().map(|script| json!([script.id, script.name, script.kind, script.source_digest]));
        let routes = self.routes.values().map(|route| json!([route.id, route.target.summary(), route.method, route.host, route.path]));
        let mut all = json!({
            "scripts": scripts.collect::<Vec<_>>(),
            "routes": routes.collect::<Vec<_>>(),
            "settings": self.settings,
            "assets": self.assets,
        });
        if !self.triggers.is_empty() {
            all["triggers"] = json!(self.triggers.values().collect::<Vec<_>>());
        }
        Digest::of(all.to_string().as_bytes())
    }

    pub(super) fn bring(&mut self, source: &str) -> Digest {
        let digest = Digest::of(source.as_bytes());
        self.sources.entry(digest).or_insert_with(|| source.to_owned());
        digest
    }

    fn script(&self, id: ScriptId, expected: Option<&Revision>) -> Result<&Script> {
        let script = self.scripts.get(&id).ok_or_else(|| Error::Missing { what: Thing::Script, name: id.to_string() })?;
        unchanged(Thing::Script, script.revision(), expected)?;
        Ok(script)
    }

    fn route(&self, id: RouteId, expected: Option<&Revision>) -> Result<&Route> {
        let route = self.routes.get(&id).ok_or_else(|| Error::Missing { what: Thing::Route, name: id.to_string() })?;
        unchanged(Thing::Route, route.revision(), expected)?;
        Ok(route)
    }

    pub(super) fn put_script(&mut self, script: Script) -> Result<()> {
        if self.names.contains_key(&script.name) {
            return Err(Error::Duplicate { what: Thing::Script, name: script.name });
        }
        if self.scripts.contains_key(&script.id) {
            return Err(Error::Duplicate { what: Thing::Script, name: script.id.to_string() });
        }
        self.add_script(script);
        Ok(())
    }

    pub(super) fn put_route(&mut self, route: Route) -> Result<()> {
        if let Some(script) = route.target.script().filter(|script| !self.scripts.contains_key(script)) {
            return Err(Error::Missing { what: Thing::Script, name: script.to_string() });
        }
        if self.routes.contains_key(&route.id) {
            return Err(Error::Duplicate { what: Thing::Route, name: route.id.to_string() });
        }
        let alike = self.shapes.get(&Shape::of(&route)).into_iter().flatten();
        if let Some(other) = alike.filter_map(|id| self.routes.get(id)).find(|other| other.method == route.method) {
            let Route { id, method, host, path, .. } = other.clone();
            return Err(Error::RouteConflict { other: id, method, host, path });
        }
        self.add_route(route);
        Ok(())
    }

    pub(super) fn put_trigger(&mut self, trigger: Trigger) -> Result<()> {
        let (what, id) = (thing(&trigger), TriggerId::from(trigger.id));
        if !self.scripts.contains_key(&ScriptId::from(trigger.script)) {
            return Err(Error::Missing { what: Thing::Script, name: trigger.script.to_string() });
        }
        if self.triggers.values().any(|other| other.name == trigger.name && thing(other) == what) {
            return Err(Error::Duplicate { what, name: trigger.name });
        }
        if self.triggers.insert(id, trigger).is_some() {
            return Err(Error::Duplicate { what, name: id.to_string() });
        }
        Ok(())
    }

    fn take_trigger(&mut self, id: TriggerId, expected: Option<&Revision>) -> Result<()> {
        let missing = || Error::Missing { what: Thing::Trigger, name: id.to_string() };
        let trigger = self.triggers.get(&id).ok_or_else(missing)?;
        unchanged(thing(trigger), revision_of(trigger), expected)?;
        self.triggers.remove(&id);
        Ok(())
    }

    fn add_script(&mut self, script: Script) {
        self.names.insert(script.name.clone(), script.id);
        self.scripts.insert(script.id, script);
    }

    fn add_route(&mut self, route: Route) {
        self.shapes.entry(Shape::of(&route)).or_default().push(route.id);
        self.routes.insert(route.id, route);
    }

    fn take_script(&mut self, id: ScriptId) {
        if let Some(script) = self.scripts.remove(&id) {
            self.names.remove(&script.name);
        }
    }

    fn take_route(&mut self, id: RouteId) {
        if let Some(route) = self.routes.remove(&id)
            && let Some(alike) = self.shapes.get_mut(&Shape::of(&route))
        {
            alike.retain(|other| *other != id);
        }
    }
}

/// What people call it.
pub(super) fn thing(trigger: &Trigger) -> Thing {
    if trigger.schedule().is_some() { Thing::Schedule } else { Thing::Trigger }
}

fn unchanged(what: Thing, revision: Revision, expected: Option<&Revision>) -> Result<()> {
    match expected {
        Some(expected) if *expected != revision => Err(Error::Changed { what, revision }),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "contents_tests.rs"]
mod tests;
