//! What stands in a column, and what it is in Rust.

use bytes::BytesMut;
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use rusqlite::types::{ToSqlOutput, ValueRef};

/// A value on its way in or out; borrowed from whoever holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    Null,
    Integer(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// Something that can be stored.
pub trait ToValue {
    fn to_value(&self) -> Value<'_>;
}

/// Something that can be read back. The error says what stands there instead.
pub trait FromValue: Sized {
    fn from_value(value: Value<'_>) -> Result<Self, String>;
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

pub(super) fn of_sqlite(value: ValueRef<'_>) -> Result<Value<'_>, String> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Integer(number)),
        ValueRef::Text(text) => std::str::from_utf8(text).map(Value::Text).map_err(|error| error.to_string()),
        ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes)),
        ValueRef::Real(number) => Err(format!("{number} is no whole number")),
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(number) => match *kind {
                Type::BOOL => (*number != 0).to_sql(kind, out),
                Type::INT2 => i16::try_from(*number)?.to_sql(kind, out),
                Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
                Type::INT8 => number.to_sql(kind, out),
                _ => Err(format!("a number is given where {kind} is expected").into()),
            },
            Value::Text(text) if <&str as ToSql>::accepts(kind) => text.to_sql(kind, out),
            Value::Bytes(bytes) if *kind == Type::BYTEA => bytes.to_sql(kind, out),
            Value::Text(_) | Value::Bytes(_) => Err(format!("a text or bytes are given where {kind} is expected").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

type Fault = Box<dyn std::error::Error + Sync + Send>;

/// A column of a row from PostgreSQL.
pub(super) struct OfPostgres<'a>(pub Value<'a>);

impl<'a> FromSql<'a> for OfPostgres<'a> {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
        Ok(OfPostgres(match *kind {
            Type::BOOL => Value::Integer(i64::from(bool::from_sql(kind, raw)?)),
            Type::INT2 => Value::Integer(i16::from_sql(kind, raw)?.into()),
            Type::INT4 => Value::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Value::Integer(i64::from_sql(kind, raw)?),
            Type::NUMERIC => Value::Integer(whole(raw).ok_or("a sum is no whole number of 64 bits")?),
            Type::BYTEA => Value::Bytes(raw),
            _ => Value::Text(<&str>::from_sql(kind, raw)?),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Fault> {
        Ok(OfPostgres(Value::Null))
    }

    fn accepts(kind: &Type) -> bool {
        [Type::BOOL, Type::INT2, Type::INT4, Type::INT8, Type::NUMERIC, Type::BYTEA].contains(kind) || <&str as FromSql>::accepts(kind)
    }
}

/// A sum of whole numbers comes as NUMERIC: digits to the base 10,000 after their count, the weight of the first, sign and scale, 16 bits each
/// (numeric_send of PostgreSQL).
fn whole(raw: &[u8]) -> Option<i64> {
    let mut words = raw.chunks_exact(2).map(|pair| i16::from_be_bytes([pair[0], pair[1]]));
    let (count, weight, sign, _scale) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let mut number: i64 = 0;
    for place in 0..=i32::from(weight) {
        let digit = if place < i32::from(count) { words.next()? } else { 0 };
        let digit = i64::from(digit);
        number = number.checked_mul(10_000)?.checked_add(if sign == 0 { digit } else { -digit })?;
    }
    words.all(|digit| digit == 0).then_some(number)
}

macro_rules! integers_are_values {
    ($($integer:ty)*) => {
        $(impl ToValue for $integer {
            /// Beyond 2^63 - 1, which nothing counted here reaches, it stays there.
            fn to_value(&self) -> Value<'_> {
                Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
            }
        }
        impl FromValue for $integer {
            fn from_value(value: Value<'_>) -> Result<Self, String> {
                match value {
                    Value::Integer(number) => number.try_into().map_err(|_| format!("{number} does not fit")),
                    other => Err(instead(other, "a number")),
                }
            }
        })*
    };
}
integers_are_values!(i64 u64 i32 u32 u16 u8 usize);

impl ToValue for bool {
    fn to_value(&self) -> Value<'_> {
        Value::Integer(i64::from(*self))
    }
}

impl FromValue for bool {
    fn from_value(value: Value<'_>) -> Result<Self, String> {
        i64::from_value(value).map(|number| number != 0)
    }
}

impl ToValue for str {
    fn to_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl ToValue for String {
    fn to_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl FromValue for String {
    fn from_value(value: Value<'_>) -> Result<Self, String> {
        match value {
            Value::Text(text) => Ok(text.to_owned()),
            other => Err(instead(other, "a text")),
        }
    }
}

impl ToValue for [u8] {
    fn to_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl ToValue for Vec<u8> {
    fn to_value(&self) -> Value<'_> {
        Value::Bytes(self)
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value<'_>) -> Result<Self, String> {
        match value {
            Value::Bytes(bytes) => Ok(bytes.to_vec()),
            other => Err(instead(other, "bytes")),
        }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: Value<'_>) -> Result<Self, String> {
        match value {
            Value::Bytes(bytes) => bytes.try_into().map_err(|_| format!("{} bytes instead of {N}", bytes.len())),
            other => Err(instead(other, "bytes")),
        }
    }
}

impl<T: ToValue> ToValue for Option<T> {
    fn to_value(&self) -> Value<'_> {
        self.as_ref().map_or(Value::Null, ToValue::to_value)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value<'_>) -> Result<Self, String> {
        match value {
            Value::Null => Ok(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl<T: ToValue + ?Sized> ToValue for &T {
    fn to_value(&self) -> Value<'_> {
        (**self).to_value()
    }
}

fn instead(value: Value<'_>, wanted: &str) -> String {
    let found = match value {
        Value::Null => "nothing",
        Value::Integer(_) => "a number",
        Value::Text(_) => "a text",
        Value::Bytes(_) => "bytes",
    };
    format!("{found} stands where {wanted} is expected")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_whole_numbers() {
        let raw = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
        assert_eq!(whole(&raw(&[0, 0, 0, 0])), Some(0));
        assert_eq!(whole(&raw(&[1, 0, 0, 0, 42])), Some(42));
        // 1,000,000 is 100 ten-thousands; the zeros behind are not sent.
        assert_eq!(whole(&raw(&[1, 1, 0, 0, 100])), Some(1_000_000));
        assert_eq!(whole(&raw(&[2, 1, 0x4000, 0, 12, 3456])), Some(-123_456));
        assert_eq!(whole(&raw(&[5, 4, 0, 0, 922, 3372, 368, 5477, 5807])), Some(i64::MAX));
        assert_eq!(whole(&raw(&[5, 4, 0x4000, 0, 922, 3372, 368, 5477, 5808])), Some(i64::MIN));
        assert_eq!(whole(&raw(&[5, 4, 0, 0, 922, 3372, 368, 5477, 5808])), None);
        assert_eq!(whole(&raw(&[2, 0, 0, 1, 1, 5000])), None, "one and a half");
    }
}
