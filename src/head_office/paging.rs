//! Lists by pages. Each answer says where the next page begins, by the last row it has: rows that come or go meanwhile move no other row into or
//! out of the next page.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::queries::ROWS_MAX;

/// Rows of a page whose size was not said.
const ROWS: u32 = 50;

/// A page of a list, and where the next one begins.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// To be asked for as `cursor`. `None`: that was all.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Of rows of which up to `limit` were asked for: behind a full page there may be another one.
    pub fn of(rows: Vec<T>, limit: u32, end: impl FnOnce(&T) -> String) -> Page<T> {
        let next = rows.last().filter(|_| rows.len() >= limit as usize).map(end);
        Page { rows, next }
    }
}

/// Rows of a list: so many behind that one. Written as a number: the first ones.
#[derive(Debug, Clone)]
pub struct Rows<K> {
    pub behind: K,
    pub limit: u32,
}

/// What every row of a list is behind.
pub trait Start {
    fn start() -> Self;
}

impl Start for String {
    fn start() -> String {
        String::new()
    }
}

impl<K: Start> From<u32> for Rows<K> {
    fn from(limit: u32) -> Rows<K> {
        Rows { behind: K::start(), limit }
    }
}

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct WhichPage {
    /// `next` of the page before.
    #[param(value_type = Option<String>)]
    pub cursor: Option<Behind>,
    /// At most this many rows; 50 when left out, more than 200 are 200.
    pub limit: Option<u32>,
}

impl WhichPage {
    pub fn limit(&self) -> u32 {
        limit(self.limit)
    }
}

pub fn limit(asked: Option<u32>) -> u32 {
    asked.unwrap_or(ROWS).clamp(1, ROWS_MAX)
}

/// A row in a list that is ordered by a rank (what is open comes first), then by time, then by number or name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Behind {
    pub rank: i64,
    pub at: i64,
    pub id: String,
}

impl Behind {
    pub fn row(is_later: bool, at: i64, id: impl fmt::Display) -> Behind {
        Behind { rank: i64::from(is_later), at, id: id.to_string() }
    }

    /// Of a list whose rows have numbers.
    pub fn number(&self) -> i64 {
        self.id.parse().ok().filter(|number| *number > i64::MIN).unwrap_or_default()
    }
}

impl Start for Behind {
    /// Also where times and numbers go downwards.
    fn start() -> Behind {
        Behind { rank: -1, at: 0, id: String::new() }
    }
}

impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.rank, self.at, self.id)
    }
}

/// A row in a list of days, the newest first: of a store, in a currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BehindDay {
    pub day: String,
    pub store: String,
    pub currency: String,
}

impl Start for BehindDay {
    fn start() -> BehindDay {
        BehindDay { day: "9999-99-99".to_owned(), store: String::new(), currency: String::new() }
    }
}

impl TryFrom<String> for BehindDay {
    type Error = BadCursor;

    fn try_from(text: String) -> Result<BehindDay, BadCursor> {
        let mut parts = text.splitn(3, '/').map(str::to_owned);
        let mut next = || parts.next().filter(|part| !part.contains('\0')).ok_or(BadCursor);
        Ok(BehindDay { day: next()?, store: next()?, currency: next()? })
    }
}

impl fmt::Display for BehindDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.day, self.store, self.currency)
    }
}

/// Why a text is no cursor of ours.
#[derive(Debug, thiserror::Error)]
#[error("the cursor is none that was given out here: begin without one")]
pub struct BadCursor;

impl FromStr for Behind {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Behind, BadCursor> {
        let mut parts = text.splitn(3, '.');
        let mut next = || parts.next().ok_or(BadCursor);
        let (rank, at, id) = (next()?, next()?, next()?);
        // Anything a table can hold, and its opposite.
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number > i64::MIN).ok_or(BadCursor);
        Ok(Behind { rank: number(rank)?, at: number(at)?, id: id.to_owned() })
    }
}

impl TryFrom<String> for Behind {
    type Error = BadCursor;

    fn try_from(text: String) -> Result<Behind, BadCursor> {
        text.parse()
    }
}
