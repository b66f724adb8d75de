//! Which texts are paths (S-6.1): the same rule for scripts and for people.
//!
//! No path of an app is ever opened on a file system, so none can lead out of its tree. The rule is as strict as if it were, so that an app's files
//! can be unpacked on any system as what they are.

/// Longest path.
pub const PATH_BYTES_MAX: usize = 1_024;
/// Longest name between two slashes.
pub const COMPONENT_BYTES_MAX: usize = 255;
/// Most names of a path.
pub const DEPTH_MAX: usize = 32;

/// Names that are devices on Windows, whatever follows their first dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// `a/b/c.txt`: names between slashes.
///
/// # Errors
/// The rule that is broken, as a sentence without its end.
pub fn check(path: &str) -> Result<(), String> {
    if path.is_empty() {
        return Err("a path has at least one character".to_owned());
    }
    check_text("a path", path)?;
    let depth = path.split('/').count();
    if depth > DEPTH_MAX {
        return Err(format!("a path has at most {DEPTH_MAX} names between slashes, this one has {depth}"));
    }
    path.split('/').try_for_each(check_name)
}

/// What paths can begin with: any text that could stand in one.
///
/// # Errors
/// The rule that is broken, as a sentence without its end.
pub fn check_prefix(what: &str, prefix: &str) -> Result<(), String> {
    check_text(what, prefix)
}

fn check_text(what: &str, text: &str) -> Result<(), String> {
    if text.len() > PATH_BYTES_MAX {
        return Err(format!("{what} has at most {PATH_BYTES_MAX} bytes, this one has {}", text.len()));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{what} has no control characters"));
    }
    if text.contains(['\\', ':']) {
        return Err(format!("{what} has no backslash and no colon; names are separated by `/`"));
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a path neither begins nor ends with `/`, and has no two of them together".to_owned());
    }
    if name == "." || name == ".." {
        return Err(format!("`{name}` is no name of a file"));
    }
    if name.len() > COMPONENT_BYTES_MAX {
        return Err(format!("a name between slashes has at most {COMPONENT_BYTES_MAX} bytes, one here has {}", name.len()));
    }
    if name.ends_with(['.', ' ']) {
        return Err("a name ends neither with a dot nor with a space: some systems drop them".to_owned());
    }
    if is_device(name) {
        return Err(format!("`{name}` is the name of a device on some systems"));
    }
    Ok(())
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let is_numbered = |kind: &str| {
        let number = stem.strip_prefix(kind).unwrap_or_default();
        // The superscripts count as digits there.
        matches!(number, "\u{b9}" | "\u{b2}" | "\u{b3}") || (number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    DEVICES.contains(&stem.as_str()) || is_numbered("com") || is_numbered("lpt")
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Were it opened below a directory, what is a path would lead to something below it, by names and nothing else.
        #[test]
        fn s_6_1_no_path_leads_out_of_its_tree(path in r"(\PC|[./\\:a-c\x00-\x1f]|\.\./|//|/etc|CON){0,40}") {
            if check(&path).is_ok() {
                let names: Vec<_> = Path::new(&path).components().collect();
                prop_assert!(!names.is_empty() && names.iter().all(|name| matches!(name, Component::Normal(_))), "{}", path);
                prop_assert_eq!(names.iter().map(|name| name.as_os_str().to_str().unwrap_or_default()).collect::<Vec<_>>().join("/"), path);
            }
        }
    }

    #[test]
    fn s_6_1_what_is_a_path() {
        let (name, depth) = ("n".repeat(255), ["d"; 32].join("/"));
        let longest = format!("{}/{}", [name.as_str(); 3].join("/"), "x".repeat(256 - 1));
        for good in ["a", "a/b.txt", ".hidden", "a..b", "...a", "ä/ö ü.json", "console.log", "com", "com10.txt", &name, &depth, &longest]
        {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn s_6_1_what_is_none() {
        let (name, depth, long) = ("n".repeat(256), ["d"; 33].join("/"), "long/".repeat(205) + "x");
        for bad in [
            "",
            "/",
            "/a",
            "/etc/passwd",
            "../a",
            "a/..",
            "a/../../b",
            "..",
            ".",
            "./a",
            "a/./b",
            "a/",
            "a//",
            "a//b",
            "//a",
            "a\0",
            "a\nb",
            "a\u{7f}",
            "a\u{85}",
            "a\\b",
            "..\\a",
            "C:a",
            "c:/a",
            "a:stream",
            "a.",
            "a /b",
            "a./b",
            "CON",
            "nul.txt",
            "a/Com1",
            "lpt9.tar.gz",
            "COM\u{b2}",
            "aux .c",
            &name,
            &depth,
            &long,
        ] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
