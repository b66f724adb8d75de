//! The directory of all blobs.

use std::{
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::Duration,
};

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _};
use cap_std::{
    ambient_authority,
    fs::{Dir, DirBuilder, DirBuilderExt as _, File, OpenOptions, OpenOptionsExt as _, Permissions},
};
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{Digest, Error, Incoming, Opened, incoming::PART, name};

/// The directory, opened once: everything below is reached through it.
#[derive(Debug)]
pub struct Blobs {
    root: Dir,
}

impl Blobs {
    /// Opens the directory, or makes it, for nobody else to look into.
    ///
    /// # Errors
    /// [`Error::NoOpenat2`]; the directory can't be made or opened.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let made = Dir::create_ambient_dir_all(path, ambient_authority()).and_then(|()| Dir::open_ambient_dir(path, ambient_authority()));
        let root = made.map_err(Error::disk("make or open the directory of files"))?;
        restrict(&root).map_err(Error::disk("set the mode of the directory of files"))?;
        probe(&root).map_err(|source| Error::NoOpenat2 { place: path.display().to_string(), source })?;
        Ok(Self { root })
    }

    /// The bytes of a blob that has `size` of them.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`]; the disk failed.
    pub fn read(&self, owner: Uuid, digest: &Digest, size: u64) -> Result<Vec<u8>, Error> {
        const OPERATION: &str = "read a blob";
        let Some(file) = self.find(owner, digest).map_err(Error::disk(OPERATION))? else {
            return Err(Error::Missing { owner, digest: name(digest) });
        };
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.take(size.saturating_add(1)).read_to_end(&mut bytes).map_err(Error::disk(OPERATION))?;
        if bytes.len() as u64 != size || Sha256::digest(&bytes).as_slice() != digest {
            return Err(Error::Damaged { owner, digest: name(digest) });
        }
        Ok(bytes)
    }

    /// A blob that has `size` bytes, open to be read in pieces. They are not hashed again: whoever asks for a piece does not wait for the whole.
    ///
    /// # Errors
    /// [`Error::Missing`]; [`Error::Damaged`]: it has another size; the disk failed.
    pub fn opened(&self, owner: Uuid, digest: &Digest, size: u64) -> Result<Opened, Error> {
        const OPERATION: &str = "open a blob";
        let Some(file) = self.find(owner, digest).map_err(Error::disk(OPERATION))? else {
            return Err(Error::Missing { owner, digest: name(digest) });
        };
        if file.metadata().map_err(Error::disk(OPERATION))?.len() != size {
            return Err(Error::Damaged { owner, digest: name(digest) });
        }
        Ok(Opened::new(file.into_std()))
    }

    /// The same if the kernel has the names in memory, so that nothing waits for the disk. `None`: it has not, or something is the matter, which
    /// [`Blobs::opened`] tells.
    #[must_use]
    pub fn opened_at_once(&self, owner: Uuid, digest: &Digest, size: u64) -> Option<Opened> {
        let path = format!("{owner}/{}", name(digest));
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        // As strict as what goes name by name: nothing is followed, and nothing leads out.
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS | ResolveFlags::CACHED;
        let file = std::fs::File::from(openat2(&self.root, path, flags, Mode::empty(), resolve).ok()?);
        let data = file.metadata().ok()?;
        (data.is_file() && data.len() == size).then(|| Opened::new(file))
    }

    /// Whether there is a blob of this digest and size.
    ///
    /// # Errors
    /// The disk failed.
    pub fn has(&self, owner: Uuid, digest: &Digest, size: u64) -> Result<bool, Error> {
        const OPERATION: &str = "look for a blob";
        let Some(file) = self.find(owner, digest).map_err(Error::disk(OPERATION))? else { return Ok(false) };
        Ok(file.metadata().map_err(Error::disk(OPERATION))?.len() == size)
    }

    /// Begins to write a blob. What is not kept in the end leaves nothing.
    ///
    /// # Errors
    /// The disk failed, or is full.
    pub fn begin(&self, owner: Uuid) -> Result<Incoming, Error> {
        let dir = self.make(owner).map_err(Error::disk("make the directory of an owner's blobs"))?;
        Incoming::begin(dir).map_err(Error::disk("begin a blob"))
    }

    /// Writes a blob, unless it is there.
    ///
    /// # Errors
    /// The disk failed, or is full.
    pub fn put(&self, owner: Uuid, digest: &Digest, bytes: &[u8]) -> Result<(), Error> {
        if self.has(owner, digest, bytes.len() as u64)? {
            return Ok(());
        }
        let mut incoming = self.begin(owner)?;
        incoming.write(bytes)?;
        let sealed = incoming.seal()?;
        if sealed.digest() != digest {
            return Err(Error::Damaged { owner, digest: name(digest) });
        }
        sealed.keep()
    }

    /// Removes a blob. It is not an error if there is none.
    ///
    /// # Errors
    /// The disk failed.
    pub fn remove(&self, owner: Uuid, digest: &Digest) -> Result<(), Error> {
        let Some(dir) = self.dir(owner).map_err(Error::disk("remove a blob"))? else { return Ok(()) };
        absent_is_fine(dir.remove_file(name(digest))).map_err(Error::disk("remove a blob"))
    }

    /// Removes what was begun and never kept, because the process ended, if it is older than `age`; and the directory itself if it is empty then.
    ///
    /// # Errors
    /// The disk failed.
    pub fn tidy(&self, owner: Uuid, age: Duration) -> Result<(), Error> {
        self.tidy_parts(owner, age).map_err(Error::disk("remove what was left of blobs"))?;
        // Not empty, or gone: either is as it should be.
        let _ = self.root.remove_dir(owner.to_string());
        Ok(())
    }

    fn tidy_parts(&self, owner: Uuid, age: Duration) -> io::Result<()> {
        let Some(dir) = self.dir(owner)? else { return Ok(()) };
        for entry in dir.entries()? {
            let entry = entry?;
            let is_part = entry.file_name().to_str().is_some_and(|name| name.starts_with(PART));
            let is_old =
                || entry.metadata().and_then(|data| data.modified()).is_ok_and(|at| at.into_std().elapsed().is_ok_and(|is| is > age));
            if is_part && is_old() {
                absent_is_fine(dir.remove_file(entry.file_name()))?;
            }
        }
        Ok(())
    }

    /// An owner's directory, if it is one: what is a link is none.
    fn dir(&self, owner: Uuid) -> io::Result<Option<Dir>> {
        match self.root.open_dir_nofollow(owner.to_string()) {
            Ok(dir) => Ok(Some(dir)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn make(&self, owner: Uuid) -> io::Result<Dir> {
        let name = owner.to_string();
        match self.root.create_dir_with(&name, DirBuilder::new().mode(0o700)) {
            // The entry itself must stay as well.
            Ok(()) => sync(&self.root)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        self.root.open_dir_nofollow(&name)
    }

    /// Opens a blob. What is no regular file is not there; opening one that would wait (a named pipe) does not.
    fn find(&self, owner: Uuid, digest: &Digest) -> io::Result<Option<File>> {
        let Some(dir) = self.dir(owner)? else { return Ok(None) };
        let mut options = OpenOptions::new();
        let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
        options.read(true).custom_flags(nonblocking).follow(FollowSymlinks::No);
        match dir.open_with(name(digest), &options) {
            Ok(file) => Ok(file.metadata()?.is_file().then_some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_link(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The entries of a directory are on the disk.
pub(crate) fn sync(dir: &Dir) -> io::Result<()> {
    dir.open(".")?.sync_all()
}

fn is_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

fn absent_is_fine(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn restrict(root: &Dir) -> io::Result<()> {
    root.set_permissions(".", Permissions::from_std(std::fs::Permissions::from_mode(0o700)))
}

/// Whether the kernel itself keeps paths below a directory. `cap-std` would do it by hand where it does not; here that is not enough.
fn probe(root: &Dir) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat2(root, ".", flags, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS)?;
    Ok(())
}
