//! A new password for somebody who lost his, given by whoever has the machine.

use jiff::Timestamp;
use serde_json::json;

use super::{Control, Keys, admins::end_sessions};
use crate::{
    AdminId, Error, Principal, Result,
    access::Credential,
    audit::{Subject, Watched},
};

impl Control {
    /// Gives the admin with this username (in any case) another password, ends all his sessions, revokes his keys if so wanted, and makes him
    /// active. Returns whether there is such an admin. Asks for no right: only a command on the machine itself may call it.
    ///
    /// # Errors
    /// The database failed.
    pub async fn reset_password(&self, username: &str, password_hash: &str, keys: Keys, now: Timestamp) -> Result<bool> {
        const OPERATION: &str = "reset password";
        let mut transaction = self.pool.begin().await.map_err(Error::sql(OPERATION))?;
        let admin = sqlx::query_scalar!(r#"select id as "id: AdminId" from admins where username = lower($1) for no key update"#, username)
            .fetch_optional(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        let Some(admin) = admin else { return Ok(false) };
        let watched = Watched::before(&mut transaction, Subject::Admin(admin)).await?;
        sqlx::query!("update admins set password_hash = $2, active = true where id = $1", admin as _, password_hash)
            .execute(&mut *transaction)
            .await
            .map_err(Error::sql(OPERATION))?;
        end_sessions(&mut transaction, admin).await?;
        let keys = keys.replaced(&mut transaction, admin, now).await?;
        let machine = Principal::new(admin, Credential::Setup);
        let details = json!({ "target": admin, "by": "a command on the machine", "keys_revoked": keys });
        watched.record(&mut transaction, &machine, None, "password.reset", details, now).await?;
        transaction.commit().await.map_err(Error::sql(OPERATION))?;
        Ok(true)
    }
}
