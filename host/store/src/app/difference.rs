//! What differs between two deployments.

use std::collections::{BTreeMap, HashSet};

use triggers::Trigger;

use super::{AppStore, AssetDifference, Route, Script, Settings, asset_sets, contents::Contents, deploy};
use crate::{DeploymentId, Digest, Error, Result};

/// From one deployment to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Those that are not equal on both sides.
    pub scripts: Vec<Differing<Script>>,
    /// Those that are: what they import may differ.
    pub unchanged: Vec<Script>,
    pub routes: Vec<Differing<Route>>,
    /// Schedules included.
    pub triggers: Vec<Differing<Trigger>>,
    /// In the order of their paths.
    pub assets: Vec<AssetDifference>,
    /// Before and after.
    pub settings: Option<(Settings, Settings)>,
}

/// One thing (by its id) on both sides; at least one is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Differing<T> {
    pub before: Option<T>,
    pub after: Option<T>,
}

impl AppStore {
    /// From `before` (nothing at all if `None`) to `after`. `None`: the app has no such deployment.
    ///
    /// # Errors
    /// The database failed.
    pub async fn difference(&self, before: Option<DeploymentId>, after: DeploymentId) -> Result<Option<Difference>> {
        let mut connection = self.pool.acquire().await.map_err(Error::sql("compare deployments"))?;
        // No transaction: a deployment never changes.
        let Some(after) = deploy::contents(&mut connection, self.app, after).await? else { return Ok(None) };
        let before = match before {
            None => Contents::default(),
            Some(before) => match deploy::contents(&mut connection, self.app, before).await? {
                None => return Ok(None),
                Some(before) => before,
            },
        };
        let assets = asset_sets::difference(&mut connection, self.app, &before, &after).await.map_err(Error::sql("compare assets"))?;
        Ok(Some(Difference::between(before, after, assets)))
    }

    /// One text of the app.
    ///
    /// # Errors
    /// The database failed.
    pub async fn source(&self, digest: Digest) -> Result<Option<String>> {
        sqlx::query_scalar!("select text from sources where app_id = $1 and digest = $2", self.app as _, digest as _)
            .fetch_optional(&self.pool)
            .await
            .map_err(Error::sql("read source"))
    }

    /// Those of `digests` whose text the app has.
    ///
    /// # Errors
    /// The database failed.
    pub async fn known_sources(&self, digests: &[Digest]) -> Result<HashSet<Digest>> {
        let mut connection = self.pool.acquire().await.map_err(Error::sql("read sources"))?;
        deploy::known_sources(&mut connection, self.app, digests).await.map_err(Error::sql("read sources"))
    }
}

impl Difference {
    pub(super) fn between(before: Contents, after: Contents, assets: Vec<AssetDifference>) -> Self {
        let settings = (before.settings != after.settings).then_some((before.settings, after.settings));
        let is_same = |script: &&Script| before.scripts.get(&script.id).is_some_and(|other| other.revision() == script.revision());
        Self {
            unchanged: after.scripts.values().filter(is_same).cloned().collect(),
            scripts: differing(before.scripts, after.scripts, |one, other| one.revision() == other.revision()),
            routes: differing(before.routes, after.routes, |one, other| one.revision() == other.revision()),
            triggers: differing(before.triggers, after.triggers, |one, other| one == other),
            assets,
            settings,
        }
    }
}

/// By id, oldest first: what is only on one side, or not alike on both.
fn differing<I: Ord, T>(mut before: BTreeMap<I, T>, after: BTreeMap<I, T>, alike: impl Fn(&T, &T) -> bool) -> Vec<Differing<T>> {
    let mut all: BTreeMap<I, Differing<T>> = BTreeMap::new();
    for (id, after) in after {
        let before = before.remove(&id);
        if before.as_ref().is_none_or(|before| !alike(before, &after)) {
            all.insert(id, Differing { before, after: Some(after) });
        }
    }
    all.extend(before.into_iter().map(|(id, before)| (id, Differing { before: Some(before), after: None })));
    all.into_values().collect()
}
