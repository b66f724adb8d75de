//! What a client knows already (RFC 9110 section 13): `If-None-Match`, and `If-Range`. There are no dates: an asset has none.

use http::{HeaderMap, header};
use store::Asset;

/// The strong tag of an asset: its digest.
pub(super) fn etag(asset: Asset) -> String {
    format!("\"{}\"", asset.digest)
}

/// Whether `If-None-Match` names what there is, so that it need not be sent: a list of tags, compared weakly, or `*`.
pub(super) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // A tag of somebody else's may have a comma; its halves are then nobody's.
    let mut tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// Whether ranges are wanted of what there is: there is no `If-Range`, or it names it, compared strongly. A date never does.
pub(super) fn wants_ranges_of(headers: &HeaderMap, etag: &str) -> bool {
    headers.get(header::IF_RANGE).is_none_or(|value| value.as_bytes().trim_ascii() == etag.as_bytes())
}
