//! Which asset answers a path. The order is the whole of the contract: the path itself, the index of the directory it names, the path with a slash at its
//! end, the fallback, the page for what is not there.

use execution::assets::INDEX;
use store::{Asset, AssetSet, StaticTerms};

use crate::path::clean;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This asset answers.
    Asset {
        /// Its path.
        path: String,
        /// What it leads to.
        asset: Asset,
        /// Why it does.
        reason: Reason,
    },
    /// It is a directory with an index, named without the slash at its end: relative links of the page would lead elsewhere.
    Directory {
        /// Decoded, without the slash.
        path: String,
    },
    /// 404.
    Nothing,
}

/// Why an asset answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It has this path.
    Exact,
    /// It is the index of this directory.
    Index,
    /// There is no other: 200, as single-page apps want it.
    Fallback,
    /// There is no other: 404.
    NotFound,
}

/// Looks a path up that is still percent-encoded. `None`: the path has more than one reading, a 400.
#[must_use]
pub fn look_up(assets: &AssetSet, terms: &StaticTerms, path: &str) -> Option<Found> {
    let path = clean(path)?;
    if let Some(asset) = assets.find(&path) {
        return Some(Found::Asset { path, asset, reason: Reason::Exact });
    }
    if path.ends_with('/') {
        let index = format!("{path}{INDEX}");
        if let Some(asset) = assets.find(&index) {
            return Some(Found::Asset { path: index, asset, reason: Reason::Index });
        }
    } else if assets.find(&format!("{path}/{INDEX}")).is_some() {
        return Some(Found::Directory { path });
    }
    let stand_in = |path: &Option<String>, reason| {
        let path = path.as_ref()?;
        Some(Found::Asset { path: path.clone(), asset: assets.find(path)?, reason })
    };
    let found = stand_in(&terms.fallback, Reason::Fallback).or_else(|| stand_in(&terms.not_found, Reason::NotFound));
    Some(found.unwrap_or(Found::Nothing))
}
