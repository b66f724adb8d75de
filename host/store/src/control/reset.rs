//! A new password for somebody who lost his, given by whoever has the machine.

use jiff::Timestamp;
use serde_json::json;

use super::{Control, admins::end_sessions};
use crate::{AdminId, Error, Principal, Result, access::Credential, audit::record};

impl Control {
    /// Gives the admin with this username (in any case) another password, ends all his sessions and makes him active. Returns whether
    /// there is such an admin. Asks for no right: only a command on the machine itself may call it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn reset_password(&self, username: &str, password_hash: &str, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "reset password";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let admin = sqlx::query_scalar!(
            r#"update admins set password_hash = $2, active = true where username = lower($1) returning id as "id: AdminId""#,
            username,
            password_hash
        )
        .fetch_optional(&mut *transaction)
        .await
        .map_err(Error::sql(OPERATION))?;
        let Some(admin) = admin else { return Ok(false) };
        end_sessions(&mut transaction, admin).await?;
        let machine = Principal::new(admin, Credential::Setup);
        record(&mut transaction, &machine, None, "password.reset", json!({ "target": admin, "by": "a command on the machine" }), now)
            .await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(true)
    }
}
