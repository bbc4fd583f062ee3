//! Many rows for one table at once: SQLite takes them one by one, which costs it nothing; PostgreSQL takes a column each as an array, in one round trip.

use postgres::types::ToSql;

use super::Value;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Integer,
    Text,
    Bytes,
}

/// Where rows go.
#[derive(Debug)]
pub struct Bulk {
    pub table: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    /// ON CONFLICT and RETURNING, if any. What came is called `excluded`. With DO UPDATE no two of the rows may have the same key.
    pub behind: &'static str,
}

impl Bulk {
    pub(super) fn for_one_row(&self) -> String {
        let marks: Vec<String> = (1..=self.columns.len()).map(|place| format!("?{place}")).collect();
        format!("INSERT INTO {} ({}) VALUES ({}) {}", self.table, self.names(), marks.join(", "), self.behind)
    }

    pub(super) fn for_arrays(&self) -> String {
        let arrays: Vec<String> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, (_, kind))| {
                let of = match kind {
                    Kind::Integer => "BIGINT",
                    Kind::Text => "TEXT",
                    Kind::Bytes => "BYTEA",
                };
                format!("CAST(?{} AS {of}[])", index + 1)
            })
            .collect();
        // In the order of the rows, so that numbers are given in it.
        format!("INSERT INTO {} ({}) SELECT * FROM unnest({}) {}", self.table, self.names(), arrays.join(", "), self.behind)
    }

    fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// The rows, end to end, turned into columns.
    ///
    /// # Errors
    /// A value is not of its column's kind.
    pub(super) fn arrays<'v>(&self, values: &[Value<'v>]) -> Result<Vec<Box<dyn ToSql + Sync + 'v>>, String> {
        let width = self.columns.len();
        let column = |(index, (name, kind)): (usize, &(&str, Kind))| -> Result<Box<dyn ToSql + Sync + 'v>, String> {
            let cells = values.iter().skip(index).step_by(width);
            let wrong = |value: &Value<'_>| format!("{value:?} for {name}");
            Ok(match kind {
                Kind::Integer => Box::new(
                    cells
                        .map(|value| match value {
                            Value::Null => Ok(None),
                            Value::Integer(number) => Ok(Some(*number)),
                            other => Err(wrong(other)),
                        })
                        .collect::<Result<Vec<Option<i64>>, String>>()?,
                ),
                Kind::Text => Box::new(
                    cells
                        .map(|value| match value {
                            Value::Null => Ok(None),
                            Value::Text(text) => Ok(Some(*text)),
                            other => Err(wrong(other)),
                        })
                        .collect::<Result<Vec<Option<&str>>, String>>()?,
                ),
                Kind::Bytes => Box::new(
                    cells
                        .map(|value| match value {
                            Value::Null => Ok(None),
                            Value::Bytes(bytes) => Ok(Some(*bytes)),
                            other => Err(wrong(other)),
                        })
                        .collect::<Result<Vec<Option<&[u8]>>, String>>()?,
                ),
            })
        };
        self.columns.iter().enumerate().map(column).collect()
    }
}
