//! The key for the instance of `picloud dev`: made once, kept beside that instance's data, and used by every command with `--dev`.

use std::{fs, io, path::Path};

use super::{Instance, data_dir};
use crate::{
    api::{Client, Session},
    contexts::{self, Context},
    failure::{Exit, Failure, Result},
    terminal::Terminal,
};

/// In the data directory, for its owner only.
const FILE: &str = "login.toml";

/// Where it is and the key for it, for the project in this folder.
///
/// # Errors
/// `picloud dev` never ran here, or its file is damaged.
pub(crate) fn key(root: &Path) -> Result<Context> {
    let path = data_dir(root).join(FILE);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let what = format!("`picloud dev` has never run in {}", root.display());
            return Err(Failure::new(Exit::NotFound, what).next("picloud dev, in another terminal"));
        }
        read => read.map_err(|error| Failure::file("read", &path, &error))?,
    };
    toml::from_str(&text).map_err(|error: toml::de::Error| Failure::usage(format!("{} is damaged: {}", path.display(), error.message())))
}

/// The same, made if there is none or it is not good any more, and for where the instance is now.
pub(super) fn log_in(root: &Path, instance: &Instance, terminal: &Terminal) -> Result<Context> {
    if let Ok(kept) = key(root) {
        let client = Client::new(&instance.url, Some(kept.key.clone()), terminal)?;
        if client.get(&["session"], &[]).is_ok() {
            return keep(root, Context { url: instance.url.clone(), ..kept });
        }
    }
    let client = Client::new(&instance.url, None, terminal)?;
    let session = Session::begin(&client, &instance.username, &instance.password)?;
    let made = session.key();
    session.end()?;
    keep(root, session.context(&made?))
}

fn keep(root: &Path, context: Context) -> Result<Context> {
    let path = data_dir(root).join(FILE);
    let text = toml::to_string(&context).map_err(|error| Failure::failed(format!("could not write down the key: {error}")))?;
    contexts::write(&path, &text).map_err(|error| Failure::file("write", &path, &error))?;
    Ok(context)
}
