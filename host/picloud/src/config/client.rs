//! What commands that are clients of an instance find in the environment. They have no file of the instance's.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::clock;

/// The instance, and the key for it.
pub(super) const CLIENT_VARIABLES: [&str; 2] = ["PICLOUD_URL", "PICLOUD_TOKEN"];

/// Reads it.
///
/// # Errors
/// The program was started in a directory that is gone.
#[expect(clippy::disallowed_methods, reason = "the environment is read here, for all of those commands")]
pub(crate) fn client_environment() -> anyhow::Result<cli::Environment> {
    let [url, token] = CLIENT_VARIABLES.map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    Ok(cli::Environment {
        url,
        token,
        config_home: directory_of("XDG_CONFIG_HOME").or_else(|| Some(directory_of("HOME")?.join(".config"))),
        directory: std::env::current_dir().context("the directory that the program was started in is not there any more")?,
        now: clock::now(),
        no_color: is_set("NO_COLOR"),
        color_forced: is_set("CLICOLOR_FORCE") && std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
    })
}

/// Where programs keep what can be made again: `XDG_CACHE_HOME`, or `.cache` at home.
pub(crate) fn cache_home() -> Option<PathBuf> {
    directory_of("XDG_CACHE_HOME").or_else(|| Some(directory_of("HOME")?.join(".cache")))
}

/// As the XDG specification has it: what is no absolute path counts as absent.
#[expect(clippy::disallowed_methods, reason = "the environment is read here, for all of those commands")]
fn directory_of(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}
