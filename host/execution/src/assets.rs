//! Assets, the files of a deployment: what both planes have to agree on.
//!
//! An asset's path is the decoded path of the URL that it answers. It is a key in a map and nothing else: no path is ever opened on a file system.

mod content_type;

pub use content_type::content_type;

use crate::files::check_path;

/// Longest path, its first slash included.
pub const PATH_BYTES_MAX: usize = 1_024;
/// The file that answers for its directory.
pub const INDEX: &str = "index.html";
/// For how long a browser may be told not to ask again: a year, in seconds.
pub const MAX_AGE_SECONDS_MAX: u32 = 365 * 24 * 60 * 60;

/// `/a/b.css`: a slash and then a path as files have, so that a site can be unpacked anywhere.
///
/// # Errors
/// The rule that is broken, as a sentence without its end.
pub fn check_asset_path(path: &str) -> Result<(), String> {
    let Some(rest) = path.strip_prefix('/') else { return Err("the path of an asset begins with `/`".to_owned()) };
    if path.len() > PATH_BYTES_MAX {
        return Err(format!("the path of an asset has at most {PATH_BYTES_MAX} bytes, this one has {}", path.len()));
    }
    if rest == ".well-known/picloud" || rest.starts_with(".well-known/picloud/") {
        return Err("paths below /.well-known/picloud are PiCloud's own".to_owned());
    }
    check_path(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_6_1_what_can_be_the_path_of_an_asset() {
        let longest = format!("/{}/{}", ["n".repeat(255).as_str(); 3].join("/"), "x".repeat(255));
        for good in [
            "/a",
            "/index.html",
            "/a/b c.css",
            "/.well-known/security.txt",
            "/ä.js",
            "/100%.txt",
            "/a?b",
            "/.well-known/picloud.txt",
            longest.as_str(),
        ] {
            assert_eq!(check_asset_path(good), Ok(()), "{good}");
        }
        let long = format!("{longest}/x");
        for bad in [
            "",
            "/",
            "a",
            "//a",
            "/a/",
            "/a//b",
            "/../a",
            "/a/..",
            "/./a",
            "/a\\b",
            "/a\0",
            "/C:/a",
            "/.well-known/picloud/x",
            long.as_str(),
        ] {
            assert!(check_asset_path(bad).is_err(), "{bad:?}");
        }
    }
}
