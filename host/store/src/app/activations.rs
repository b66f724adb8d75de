//! What ran when, and who decided it.

use jiff::Timestamp;
use uuid::Uuid;

use super::{AppStore, Cause};
use crate::{AdminId, ApiKeyId, Error, Listed, Page, Result, time::Time};

/// One move of the pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivationEntry {
    pub id: Uuid,
    /// What ran from then on.
    pub number: u32,
    /// What ran until then; `None` for the first.
    pub previous: Option<u32>,
    pub cause: Cause,
    pub message: String,
    /// Who did it.
    pub author: Author,
    pub at: Timestamp,
}

/// Who did something, by the names of today.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// The admin, or whose key it was; `None` once he is deleted.
    pub admin: Option<AdminId>,
    pub username: Option<String>,
    pub display_name: Option<String>,
    /// The key; `None` for a browser.
    pub key: Option<ApiKeyId>,
    pub key_name: Option<String>,
}

impl AppStore {
    /// Activations, newest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn activations(&self, page: Page) -> Result<Listed<ActivationEntry>> {
        let rows = sqlx::query!(
            r#"
            select v.id, v.number, v.previous, v.cause as "cause: Cause", v.message,
                v.activated_by as "admin: AdminId", m.username as "username?", m.display_name as "display_name?",
                v.activated_with as "key: ApiKeyId", k.name as "key_name?", v.activated_at as "at: Time"
            from activations v left join admins m on m.id = v.activated_by left join api_keys k on k.id = v.activated_with
            where v.app_id = $1 and v.id < $2 order by v.id desc limit $3
            "#,
            self.app as _,
            page.below(),
            page.fetch()
        )
        .fetch_all(&self.pool)
        .await
        .map_err(Error::sql("list activations"))?;
        let number = |number: i32| u32::try_from(number).unwrap_or(0);
        let entries = rows.into_iter().map(|row| ActivationEntry {
            id: row.id,
            number: number(row.number),
            previous: row.previous.map(number),
            cause: row.cause,
            message: row.message,
            author: Author {
                admin: row.admin,
                username: row.username,
                display_name: row.display_name,
                key: row.key,
                key_name: row.key_name,
            },
            at: row.at.into(),
        });
        Ok(page.cut(entries.collect(), |entry: &ActivationEntry| entry.id))
    }
}
