//! Lists that are wanted as a whole.

use serde_json::Value;

use crate::failure::Result;

/// Items of a page.
const ITEMS: &str = "200";

/// All items, by pages: `fetch` gets what to ask for besides.
pub(super) fn all(fetch: impl Fn(&[(&str, &str)]) -> Result<Value>) -> Result<Vec<Value>> {
    let (mut items, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut query = vec![("limit", ITEMS)];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let mut page = fetch(&query)?;
        if let Some(more) = page["items"].as_array_mut() {
            items.append(more);
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(items),
        }
    }
}
