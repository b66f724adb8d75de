//! The sets of assets that are live: one for all versions of an app that have the same.

use std::{collections::HashMap, sync::Arc};

use store::{AppId, AssetSet, Digest, Snapshots};

use crate::table::Version;

/// Sets that are read at once; all are in memory twice while they are.
const READ_AT_ONCE: usize = 8;

/// Sets by their app and digest.
#[derive(Debug, Default)]
pub(crate) struct Sets(HashMap<(AppId, Digest), Arc<AssetSet>>);

impl Sets {
    /// Adds that of a version that is live.
    pub(crate) fn know(&mut self, app: AppId, version: &Version) {
        if let Some(digest) = version.asset_set {
            self.0.insert((app, digest), Arc::clone(&version.assets));
        }
    }

    /// Reads those of `wanted` that are not there.
    ///
    /// # Errors
    /// The database failed.
    pub(crate) async fn read(&mut self, wanted: impl Iterator<Item = (AppId, Option<Digest>)>, snapshots: &Snapshots) -> store::Result<()> {
        let mut missing: Vec<(AppId, Digest)> =
            wanted.filter_map(|(app, digest)| Some((app, digest?))).filter(|name| !self.0.contains_key(name)).collect();
        missing.sort_unstable();
        missing.dedup();
        for some in missing.chunks(READ_AT_ONCE) {
            let read = snapshots.asset_sets(some).await?;
            self.0.extend(read.into_iter().map(|(name, set)| (name, Arc::new(set))));
        }
        Ok(())
    }

    /// What a version of an app has. A set that could not be found was pruned meanwhile, with every version that has it: the word of that is on its way.
    pub(crate) fn of(&self, app: AppId, digest: Option<Digest>) -> Arc<AssetSet> {
        digest.and_then(|digest| self.0.get(&(app, digest)).cloned()).unwrap_or_default()
    }
}
