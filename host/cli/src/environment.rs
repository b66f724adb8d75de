//! What the program was started with, besides its arguments.

use std::path::PathBuf;

use jiff::Timestamp;

/// Variables and places. Read by the binary, once.
#[derive(Clone, Default)]
pub struct Environment {
    /// `PICLOUD_URL`: the instance.
    pub url: Option<String>,
    /// `PICLOUD_TOKEN`: an API key for it.
    pub token: Option<String>,
    /// Where programs keep what they are told: `XDG_CONFIG_HOME`, or `.config` at home.
    pub config_home: Option<PathBuf>,
    /// Where the program was started.
    pub directory: PathBuf,
    /// When that was.
    pub now: Timestamp,
    /// `NO_COLOR` is there and not empty.
    pub no_color: bool,
    /// `CLICOLOR_FORCE` is there and not `0`.
    pub color_forced: bool,
}

impl std::fmt::Debug for Environment {
    /// Without the token.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Environment").field("url", &self.url).field("directory", &self.directory).finish_non_exhaustive()
    }
}
