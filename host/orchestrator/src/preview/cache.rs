//! Deployments that are looked at: loaded when somebody looks, kept for a while, never many.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use store::{AppId, Snapshots};
use tokio::{
    sync::{OnceCell, Semaphore},
    time::{Instant, timeout},
};

use crate::{load::Loader, table::Version};

/// Kept at once, and bytes of their images together; an image that an active deployment has too is counted all the same.
const KEPT_MAX: usize = 32;
const KEPT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Nobody looks any more.
const IDLE: Duration = Duration::from_secs(600);
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// A visitor waits for so long; the loading goes on without him.
const WAIT: Duration = Duration::from_secs(5);
/// The rest of the processors is for what is live.
const LOADS_AT_ONCE: usize = 1;

/// The deployments that are looked at.
#[derive(Debug)]
pub(crate) struct Previews {
    source: OnceLock<Snapshots>,
    loads: Semaphore,
    kept: Mutex<HashMap<(AppId, u32), Kept>>,
}

#[derive(Debug)]
struct Kept {
    /// `None` in it: the app has no such deployment.
    version: Arc<OnceCell<Option<Arc<Version>>>>,
    used: Instant,
}

/// What was found.
#[derive(Debug)]
pub(crate) enum Lookup {
    Found(Arc<Version>),
    Missing,
    /// It is being loaded, or the database is away.
    NotYet,
}

impl Default for Previews {
    fn default() -> Self {
        Self { source: OnceLock::new(), loads: Semaphore::new(LOADS_AT_ONCE), kept: Mutex::default() }
    }
}

impl Previews {
    /// Where deployments are read from.
    pub(crate) fn read_from(&self, snapshots: Snapshots) {
        // A second reading of everything comes from the same database.
        let _ = self.source.set(snapshots);
    }

    /// A deployment of an app. Called for somebody who may see it.
    pub(crate) async fn version(self: &Arc<Self>, loader: Loader, app: AppId, number: u32) -> Lookup {
        let cell = self.cell(app, number);
        if let Some(version) = cell.get() {
            return version.clone().map_or(Lookup::Missing, Lookup::Found);
        }
        let previews = Arc::clone(self);
        let loading = tokio::spawn(async move { cell.get_or_try_init(|| previews.load(loader, app, number)).await.cloned() });
        match timeout(WAIT, loading).await {
            Ok(Ok(Ok(Some(version)))) => {
                self.make_room();
                Lookup::Found(version)
            }
            Ok(Ok(Ok(None))) => Lookup::Missing,
            Ok(Ok(Err(()))) | Ok(Err(_)) | Err(_) => Lookup::NotYet,
        }
    }

    async fn load(&self, loader: Loader, app: AppId, number: u32) -> Result<Option<Arc<Version>>, ()> {
        let _load = self.loads.acquire().await.map_err(drop)?;
        let snapshots = self.source.get().ok_or(())?;
        match loader.version(app, number, snapshots).await {
            Ok(version) => Ok(version.map(Arc::new)),
            Err(error) => {
                tracing::warn!(%app, number, error = &error as &dyn std::error::Error, "a preview can't be loaded");
                Err(())
            }
        }
    }

    /// The place of a deployment, marked as used now.
    fn cell(&self, app: AppId, number: u32) -> Arc<OnceCell<Option<Arc<Version>>>> {
        let mut kept = self.kept();
        if !kept.contains_key(&(app, number)) && kept.len() >= KEPT_MAX {
            remove_oldest(&mut kept);
        }
        let entry = kept.entry((app, number)).or_insert_with(|| Kept { version: Arc::default(), used: Instant::now() });
        entry.used = Instant::now();
        Arc::clone(&entry.version)
    }

    /// Lets go of what was not looked at for longest until the images fit; the newest stays.
    fn make_room(&self) {
        let mut kept = self.kept();
        let bytes = |kept: &HashMap<_, Kept>| {
            let versions = kept.values().filter_map(|kept| kept.version.get()?.as_ref());
            versions.flat_map(|version| version.images()).map(|image| image.bytes_max() as u64).sum::<u64>()
        };
        while kept.len() > 1 && bytes(&kept) > KEPT_BYTES_MAX {
            remove_oldest(&mut kept);
        }
    }

    /// Lets go of an app's, whose limits may have changed or which is gone.
    pub(crate) fn forget(&self, app: AppId) {
        self.kept().retain(|(of, _), _| *of != app);
    }

    /// Lets go of all.
    pub(crate) fn forget_all(&self) {
        self.kept().clear();
    }

    /// Lets go of what nobody looks at any more, for ever.
    pub(crate) async fn sweep(&self) {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            self.let_go(Instant::now());
        }
    }

    fn let_go(&self, now: Instant) {
        self.kept().retain(|_, kept| now.duration_since(kept.used) < IDLE);
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<(AppId, u32), Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove_oldest(kept: &mut HashMap<(AppId, u32), Kept>) {
    if let Some(oldest) = kept.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| *key) {
        kept.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn few_are_kept_and_the_latest_of_them() {
        let (previews, app) = (Previews::default(), AppId::from(Uuid::nil()));
        for number in 1..=40 {
            previews.cell(app, number);
            // Looked at again and again.
            previews.cell(app, 1);
        }
        let kept = previews.kept();
        assert_eq!(kept.len(), KEPT_MAX);
        assert!(kept.contains_key(&(app, 1)) && kept.contains_key(&(app, 40)) && !kept.contains_key(&(app, 2)));
        drop(kept);
        previews.forget(AppId::from(Uuid::max()));
        assert_eq!(previews.kept().len(), KEPT_MAX);
        previews.forget(app);
        assert!(previews.kept().is_empty());
    }

    #[test]
    fn what_nobody_looks_at_goes() {
        let (previews, app) = (Previews::default(), AppId::from(Uuid::nil()));
        previews.cell(app, 1);
        previews.let_go(Instant::now());
        assert_eq!(previews.kept().len(), 1);
        previews.let_go(Instant::now() + IDLE);
        assert!(previews.kept().is_empty());
    }
}
