//! The files of the dashboard (`dashboard/`, made by `cargo xtask dashboard`), inside the program.
//!
//! A crate of its own, so that a change of a page compiles nothing else. Deliberately absent: everything but the files.

#![forbid(unsafe_code)]

use manager::PageFile;

/// All files, by path.
pub static FILES: &[PageFile] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn the_files_are_in_order_and_the_page_has_a_strict_policy() {
        assert!(FILES.is_sorted_by_key(|file| file.path));
        assert!(FILES.iter().any(|file| file.is_immutable() && file.path.ends_with(".js") && file.brotli.is_some() && file.gzip.is_some()));
        let page = FILES.iter().find(|file| file.path == "index.html").unwrap();
        let policy = page.policy().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self' 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "{policy}");
    }
}
