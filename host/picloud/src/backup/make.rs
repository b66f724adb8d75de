//! Makes a backup.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use blobs::Blobs;
use sha2::{Digest as _, Sha256};
use store::{BlobKind, NeededBlob};

use super::{
    End, FORMAT, Manifest,
    archive::{self, DUMP, END, MANIFEST, Writer},
    programs::Tools,
};
use crate::{clock, config::Config, database::Database, telling::tell};

/// Makes the archive: at `target`, or with a name of its own in the directory that `target` is. Returns where it is.
pub(crate) async fn make(config: &Config, target: &Path) -> anyhow::Result<PathBuf> {
    let now = clock::now();
    let target = if target.is_dir() { target.join(format!("picloud-{}.tar", now.strftime("%Y%m%dT%H%M%SZ"))) } else { target.to_owned() };
    anyhow::ensure!(!target.exists(), "{} is there already: name another file, or a directory", target.display());
    let database = Database::as_it_is(config).await?;
    let made = write(config, &database, &target).await;
    database.close().await?;
    made?;
    Ok(target)
}

async fn write(config: &Config, database: &Database, target: &Path) -> anyhow::Result<()> {
    let (part, dump) = (Partial::make(target, "part")?, Partial::make(target, "dump")?);
    let facts = database.store.examine().await?;
    let schema = facts.schema.context("the database is empty: there is nothing to back up")?;
    // Without limits of time: reading all of a large database takes as long as it takes.
    let mut moment = database.store.moment().await?;
    let tools = Tools { config, url: database.url(), major: u32::try_from(facts.version_number / 10_000).unwrap_or(0) };
    tell("Copying the database.");
    tools.dump(moment.snapshot(), dump.file.try_clone().context("could not use the file of the dump")?).await?;
    let needed = moment.blobs().await?;
    let (dump_bytes, dump_sha256) = dump.hashed()?;
    let count = |kind| needed.iter().filter(|blob| blob.kind == kind).count() as u64;
    let manifest = Manifest {
        format: FORMAT,
        picloud: env!("CARGO_PKG_VERSION").to_owned(),
        schema,
        postgres: facts.version,
        created_at: clock::now(),
        dump_bytes,
        dump_sha256,
        files: count(BlobKind::File),
        assets: count(BlobKind::Asset),
        rows: moment.rows().await?,
        master_keys: moment.master_keys().await?,
    };
    moment.end().await;

    let mut writer = Writer::new(part.file.try_clone().context("could not use the file of the backup")?, manifest.created_at);
    let text = serde_json::to_vec_pretty(&manifest)?;
    writer.add(MANIFEST, text.len() as u64, text.as_slice())?;
    writer.add(DUMP, dump_bytes, dump.rewound()?)?;
    tell(&format!("Copying {} files and {} assets.", manifest.files, manifest.assets));
    let end = copy(config, &needed, &mut writer)?;
    let text = serde_json::to_vec_pretty(&end)?;
    writer.add(END, text.len() as u64, text.as_slice())?;
    writer.finish()?;
    part.become_whole(target)?;
    say(config, &manifest, &end);
    Ok(())
}

/// Copies what rows need, each hashed on its way.
fn copy(config: &Config, needed: &[NeededBlob], writer: &mut Writer) -> anyhow::Result<End> {
    let mut end = End::default();
    if needed.is_empty() {
        return Ok(end);
    }
    let open = |kind| Blobs::open(&config.data_dir.join(archive::directory(kind))).context("could not open the directories of files");
    let (files, assets) = (open(BlobKind::File)?, open(BlobKind::Asset)?);
    for blob in needed {
        let from = if blob.kind == BlobKind::File { &files } else { &assets };
        let name = archive::name_of(blob);
        match from.read(blob.app, blob.digest.as_bytes(), blob.size) {
            Ok(bytes) => writer.add(&name, blob.size, bytes.as_slice())?,
            // One that is lost is no reason to have no backup of all others.
            Err(blobs::Error::Missing { .. } | blobs::Error::Damaged { .. }) => end.missing.push(name),
            Err(error) => return Err(error).with_context(|| format!("could not read {name}")),
        }
    }
    Ok(end)
}

fn say(config: &Config, manifest: &Manifest, end: &End) {
    if !end.missing.is_empty() {
        let list = end.missing.iter().take(10).map(|name| format!("\n  {name}")).collect::<String>();
        tell(&format!(
            "warning: {} of the files and assets are missing or damaged in {} and are not in the backup; put them back from an older one:{list}",
            end.missing.len(),
            config.data_dir.display()
        ));
    }
    if manifest.master_keys.is_empty() {
        return;
    }
    tell(&format!(
        "The master keys are not in the backup, so that whoever finds it can read no secret. Without them nobody can: keep a copy of {} elsewhere \
         (keys {}).",
        config.secrets_key_file.display(),
        manifest.master_keys.join(", ")
    ));
}

/// A file beside the target that goes again unless it becomes whole.
struct Partial {
    path: PathBuf,
    file: File,
}

impl Partial {
    /// For nobody else to read.
    fn make(target: &Path, extension: &str) -> anyhow::Result<Self> {
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".{extension}"));
        let path = PathBuf::from(name);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&path);
        let file = file.with_context(|| format!("could not make {}", path.display()))?;
        Ok(Self { file, path })
    }

    fn rewound(&self) -> anyhow::Result<&File> {
        (&self.file).seek(SeekFrom::Start(0)).context("could not read the dump")?;
        Ok(&self.file)
    }

    /// Size and SHA-256.
    fn hashed(&self) -> anyhow::Result<(u64, String)> {
        let (mut file, mut hash, mut bytes) = (self.rewound()?, Sha256::new(), 0);
        let mut buffer = vec![0; 1 << 20];
        loop {
            let count = file.read(&mut buffer).context("could not read the dump")?;
            if count == 0 {
                return Ok((bytes, archive::hex(&hash.finalize().into())));
            }
            hash.update(&buffer[..count]);
            bytes += count as u64;
        }
    }

    fn become_whole(self, target: &Path) -> anyhow::Result<()> {
        // A link, not a renaming: it does not replace what has come meanwhile. The first name goes by drop.
        fs::hard_link(&self.path, target).with_context(|| format!("could not make {}", target.display()))?;
        let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        File::open(directory).and_then(|directory| directory.sync_all()).context("could not sync the directory of the backup")
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // What can't be removed is of no use to anybody, and says so by its name.
        let _ = fs::remove_file(&self.path);
    }
}
