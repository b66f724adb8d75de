//! The guest component: from the bytes in this binary to machine code in memory.
//!
//! At the first start the component is pre-initialised (its interpreter built and warmed up, its memory kept as a snapshot) and
//! compiled; both are kept in the cache directory, so that a later start maps a file. The file's name holds the digest of the
//! guest and everything of Wasmtime that its machine code depends on.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use wasmtime::{Config, Engine, Store, component::Component, component::Linker};
use wasmtime_wizer::Wizer;

use crate::engine::StartError;

/// The component as `cargo xtask guest` made it.
static GUEST: &[u8] = include_bytes!(env!("PICLOUD_GUEST"));
/// Export of the world that builds the interpreter.
const INITIALIZE: &str = "initialize";

/// The guest, ready to be linked.
pub(crate) struct Guest {
    pub(crate) component: Component,
    pub(crate) digest: String,
}

/// Maps the ahead-of-time image, after making it if it is not there or not whole.
pub(crate) async fn load(engine: &Engine, cache_dir: &Path) -> Result<Guest, StartError> {
    let digest = hex(&Sha256::digest(GUEST));
    private_dir(cache_dir).map_err(|source| StartError::CacheDir { path: cache_dir.to_owned(), source })?;
    let mut compatibility = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compatibility);
    let file = ImageFile::new(cache_dir, &format!("guest-{}-{:016x}", &digest[..16], compatibility.finish()));
    if !file.is_whole() {
        tracing::info!("preparing the sandbox: compiling the interpreter, once for this version");
        let image = precompile(engine).await?;
        file.write(&image).map_err(|source| StartError::CacheDir { path: cache_dir.to_owned(), source })?;
    }
    let component = file.map(engine).map_err(StartError::wasmtime("mapping the guest's image"))?;
    Ok(Guest { component, digest })
}

async fn precompile(engine: &Engine) -> Result<Vec<u8>, StartError> {
    let snapshot = snapshot().await.map_err(StartError::wasmtime("pre-initialising the guest"))?;
    engine.precompile_component(&snapshot).map_err(StartError::wasmtime("compiling the guest"))
}

/// Runs the guest's `initialize` and returns the component with the memory it left. The guest can reach nothing meanwhile: an
/// import called here traps.
async fn snapshot() -> wasmtime::Result<Vec<u8>> {
    let engine = Engine::new(&Config::new())?;
    let mut store = Store::new(&engine, ());
    let mut wizer = Wizer::new();
    wizer.init_func(INITIALIZE).keep_init_func(true);
    let instantiate = async |store: &mut Store<()>, component: &Component| {
        let mut linker = Linker::new(store.engine());
        linker.define_unknown_imports_as_traps(component)?;
        linker.instantiate_async(store, component).await
    };
    let (snapshot, _) = wizer.run_component(&mut store, GUEST, instantiate).await?;
    Ok(snapshot)
}

/// Machine code on disk, with its digest beside it.
struct ImageFile {
    code: PathBuf,
    digest: PathBuf,
}

impl ImageFile {
    fn new(dir: &Path, name: &str) -> Self {
        Self { code: dir.join(format!("{name}.cwasm")), digest: dir.join(format!("{name}.sha256")) }
    }

    fn is_whole(&self) -> bool {
        let (Ok(code), Ok(digest)) = (fs::read(&self.code), fs::read_to_string(&self.digest)) else { return false };
        hex(&Sha256::digest(&code)) == digest
    }

    /// The digest comes last: without it the code does not count. Another process may be writing the same bytes.
    fn write(&self, code: &[u8]) -> io::Result<()> {
        let _absent = fs::remove_file(&self.digest);
        let partial = self.code.with_extension(format!("partial-{}", std::process::id()));
        fs::write(&partial, code)?;
        fs::rename(&partial, &self.code)?;
        fs::write(&self.digest, hex(&Sha256::digest(code)))
    }

    fn map(&self, engine: &Engine) -> wasmtime::Result<Component> {
        // SAFETY: the file was made by this product from its own guest, its digest was compared, and its directory is
        // writable by this user alone.
        #[expect(unsafe_code, reason = "machine code is trusted by what made it")]
        unsafe {
            Component::deserialize_file(engine, &self.code)
        }
    }
}

fn private_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
