//! When something in the folder has changed.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind},
};

use crate::{
    failure::{Failure, Result},
    project::{FILE_NAME, File},
};

/// Without a change for so long: whoever writes has written. Editors and version control change many files at once.
const QUIET: Duration = Duration::from_millis(10);
/// Then it is deployed as it is.
const PATIENCE: Duration = Duration::from_millis(500);

/// The folders of a project, watched.
pub(super) struct Changes {
    root: PathBuf,
    watcher: RecommendedWatcher,
    events: Receiver<notify::Result<notify::Event>>,
    /// Folders that are watched with all below them.
    watched: Vec<PathBuf>,
}

impl Changes {
    /// Watches the file of the project, and nothing else yet.
    pub(super) fn of(root: &Path) -> Result<Self> {
        let (sender, events) = channel();
        let watcher = notify::recommended_watcher(sender).map_err(|error| cannot(root, &error))?;
        let mut this = Self { root: root.to_owned(), watcher, events, watched: Vec::new() };
        // The folder and not the file: editors put another file in its place.
        this.watcher.watch(root, RecursiveMode::NonRecursive).map_err(|error| cannot(root, &error))?;
        Ok(this)
    }

    /// Watches the folders that the file names, those that are there.
    pub(super) fn follow(&mut self, file: &File) -> Result<()> {
        let named = [Some(&file.scripts), Some(&file.modules), file.assets.as_ref()];
        let folders: Vec<PathBuf> = named.into_iter().flatten().map(|folder| self.root.join(folder)).collect();
        for gone in self.watched.extract_if(.., |folder| !folders.contains(folder) || !folder.is_dir()) {
            // It is not there any more, most likely.
            let _is_unwatched = self.watcher.unwatch(&gone);
        }
        for folder in folders {
            if folder.is_dir() && !self.watched.contains(&folder) {
                self.watcher.watch(&folder, RecursiveMode::Recursive).map_err(|error| cannot(&folder, &error))?;
                self.watched.push(folder);
            }
        }
        Ok(())
    }

    /// Waits for a change, and until it is whole. When it was noticed, and one of the files; `None`: nobody watches any more.
    pub(super) fn wait(&mut self) -> Option<(Instant, PathBuf)> {
        loop {
            let Some(first) = self.changed(self.events.recv().ok()?) else { continue };
            let (noticed, mut changed) = (Instant::now(), vec![first]);
            while noticed.elapsed() < PATIENCE {
                match self.events.recv_timeout(QUIET) {
                    Ok(event) => changed.extend(self.changed(event)),
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return None,
                }
            }
            // Many editors write another file first, and put it in the place of the one that is meant.
            let meant = changed.iter().position(|path| self.root.join(path).is_file()).unwrap_or(0);
            return Some((noticed, changed.swap_remove(meant)));
        }
    }

    /// The file that an event is about, below the project's folder, if it can be a part of the project.
    fn changed(&self, event: notify::Result<notify::Event>) -> Option<PathBuf> {
        // Something was missed, then: it is looked at anyway.
        let Ok(event) = event else { return Some(FILE_NAME.into()) };
        let is_read = matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
        // The system tells when it is written and closed; before that it may be half of it.
        let is_unfinished = matches!(event.kind, EventKind::Modify(ModifyKind::Data(_)) | EventKind::Create(CreateKind::File));
        if is_read || (is_unfinished && cfg!(target_os = "linux")) {
            return None;
        }
        event.paths.iter().find_map(|path| {
            let path = path.strip_prefix(&self.root).ok()?;
            let is_hidden =
                path.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b".") && part.as_os_str() != ".well-known");
            (!is_hidden).then(|| path.to_owned())
        })
    }
}

fn cannot(folder: &Path, error: &notify::Error) -> Failure {
    let failure = Failure::failed(format!("could not watch {}: {error}", folder.display()));
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => failure.next("let this user watch more: sysctl fs.inotify.max_user_watches=524288"),
        _ => failure,
    }
}
