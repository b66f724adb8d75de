//! Pages of a list: a limit and a place to go on from.

use uuid::Uuid;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    limit: u16,
    after: Option<Uuid>,
}

/// Items of one page when the caller names no number.
pub const PAGE_LIMIT_DEFAULT: u16 = 50;
/// Items of the largest page.
pub const PAGE_LIMIT_MAX: u16 = 200;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// To be given as the next page's cursor; `None` at the end of the list. Opaque.
    pub next_cursor: Option<String>,
}

/// Why a page can't be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// Zero, or more than [`PAGE_LIMIT_MAX`].
    #[error("limit {0} is outside 1 to {PAGE_LIMIT_MAX}")]
    Limit(u32),
    /// Not a cursor that a list gave out.
    #[error("the cursor is not one that this list returned; leave it out to start from the beginning")]
    Cursor,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: PAGE_LIMIT_DEFAULT, after: None }
    }
}

impl Page {
    /// A page of `limit` items (1 to [`PAGE_LIMIT_MAX`], default [`PAGE_LIMIT_DEFAULT`]) that goes on after `cursor`.
    ///
    /// # Errors
    /// [`PageError`]: the limit is out of range or the cursor is not ours.
    pub fn new(limit: Option<u32>, cursor: Option<&str>) -> Result<Self, PageError> {
        let asked = limit.unwrap_or_else(|| u32::from(PAGE_LIMIT_DEFAULT));
        let limit = u16::try_from(asked).ok().filter(|limit| (1..=PAGE_LIMIT_MAX).contains(limit)).ok_or(PageError::Limit(asked))?;
        let after = cursor.map(|text| Uuid::try_parse(text).map_err(|_| PageError::Cursor)).transpose()?;
        Ok(Self { limit, after })
    }

    /// The first item below a number, of a list whose cursor is a number.
    pub(crate) fn before_number(number: u32) -> Self {
        Self { limit: 1, after: Some(Uuid::from_u128(number.into())) }
    }

    /// In an ascending list: the id below which nothing is wanted.
    pub(crate) fn above(&self) -> Uuid {
        self.after.unwrap_or(Uuid::nil())
    }

    /// In a descending list: the id above which nothing is wanted.
    pub(crate) fn below(&self) -> Uuid {
        self.after.unwrap_or(Uuid::max())
    }

    /// Whether this is the beginning of the list.
    pub(crate) fn is_first(&self) -> bool {
        self.after.is_none()
    }

    /// Rows to fetch: one more than the page holds, to know whether another page follows.
    pub(crate) fn fetch(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Cuts the extra row off and makes the cursor.
    pub(crate) fn cut<T>(&self, mut rows: Vec<T>, id: impl Fn(&T) -> Uuid) -> Listed<T> {
        let more = rows.len() > usize::from(self.limit);
        rows.truncate(usize::from(self.limit));
        let next_cursor = rows.last().filter(|_| more).map(|last| id(last).simple().to_string());
        Listed { items: rows, next_cursor }
    }
}

/// The same of a list whose cursor is a name: cuts the extra row off, and tells behind which name the list goes on.
pub(crate) fn cut_behind<T>(limit: u16, mut rows: Vec<T>, name: impl Fn(&T) -> &str) -> (Vec<T>, Option<String>) {
    let more = rows.len() > usize::from(limit);
    rows.truncate(usize::from(limit));
    let next = rows.last().filter(|_| more).map(|last| name(last).to_owned());
    (rows, next)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    #[test]
    fn a_limit_has_a_range_and_a_default() {
        assert_eq!(Page::new(None, None), Ok(Page::default()));
        assert_eq!(Page::new(Some(0), None), Err(PageError::Limit(0)));
        assert_eq!(Page::new(Some(201), None), Err(PageError::Limit(201)));
        assert_eq!(Page::new(Some(u32::MAX), None), Err(PageError::Limit(u32::MAX)));
        assert!(Page::new(Some(200), None).is_ok());
        assert_eq!(Page::new(None, Some("nonsense")), Err(PageError::Cursor));
    }

    #[test]
    fn a_list_by_names_goes_on_behind_the_last_that_was_shown() {
        let cut = |limit, rows: &[&'static str]| cut_behind(limit, rows.to_vec(), |name| name);
        assert_eq!(cut(2, &["a", "b", "c"]), (vec!["a", "b"], Some("b".to_owned())));
        assert_eq!(cut(2, &["a", "b"]), (vec!["a", "b"], None));
        assert_eq!(cut(2, &[]), (vec![], None));
    }

    #[test]
    fn the_cursor_leads_to_the_rest_and_the_last_page_has_none() {
        let ids: Vec<Uuid> = (1..=5).map(Uuid::from_u128).collect();
        let page = Page::new(Some(3), None).unwrap();
        let first = page.cut(ids[..4].to_vec(), |id| *id);
        assert_eq!(first.items, ids[..3]);
        let next = Page::new(Some(3), first.next_cursor.as_deref()).unwrap();
        assert_eq!((next.above(), next.below(), next.is_first()), (ids[2], ids[2], false));
        assert_eq!(next.cut(ids[3..].to_vec(), |id| *id), Listed { items: ids[3..].to_vec(), next_cursor: None });
    }
}
