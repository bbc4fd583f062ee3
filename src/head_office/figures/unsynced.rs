//! How long ago each store's boxes were last heard of.

use serde::Serialize;

use crate::head_office::db::{self, Connection, params};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The box of a store that has been silent longest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Unsynced {
    pub store: String,
    pub last_contact_ms: i64,
    /// Whole days since then.
    pub days: i64,
    /// Records that its boxes still had to send at their last contact.
    pub records_waiting: i64,
}

/// The longest first. A box that was revoked is not waited for.
pub fn list(connection: &Connection, store: Option<&str>, now_ms: i64) -> db::Result<Vec<Unsynced>> {
    connection
        .prepare_cached(
            "SELECT n.store, min(n.last_contact_ms),
               sum(CASE WHEN n.head_seq > coalesce(b.head_seq, 0) THEN n.head_seq - coalesce(b.head_seq, 0) ELSE 0 END)
             FROM nodes n LEFT JOIN branches b ON b.id = n.current_branch
               LEFT JOIN enrolments e ON e.store = n.store AND e.node = n.node
             WHERE (CAST(?1 AS TEXT) IS NULL OR n.store = ?1) AND e.revoked_ms IS NULL
             GROUP BY n.store ORDER BY 2, 1",
        )?
        .query_map(params![store], |row| {
            let last_contact_ms: i64 = row.get(1)?;
            let days = (now_ms - last_contact_ms).max(0) / DAY_MS;
            Ok(Unsynced { store: row.get(0)?, last_contact_ms, days, records_waiting: row.get(2)? })
        })?
        .collect()
}
