//! Rows of an answer, read column by column in the order of the statement.

use avnology_model::{Error, Result, Timestamp};

use super::Value;

/// One row. Columns are taken in their order, so that a mapper is a struct literal in column order.
#[derive(Debug)]
pub struct Row {
    values: std::vec::IntoIter<Value>,
    taken: usize,
}

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self { values: values.into_iter(), taken: 0 }
    }

    /// The next column. Fails (`_999`) when there is none or it does not hold a `T`: the statement and its mapper
    /// disagree.
    pub fn take<T: FromValue>(&mut self) -> Result<T> {
        self.taken += 1;
        let value = self.values.next();
        let value = value.ok_or_else(|| Error::internal(format!("the row has no column {}", self.taken)))?;
        T::from_value(value).map_err(|e| Error::internal(format!("column {}: {e:?}", self.taken)))
    }

    /// How many columns were not taken yet.
    pub fn columns_left(&self) -> usize {
        self.values.len()
    }
}

/// What a column can be read as.
pub trait FromValue: Sized {
    /// Reads a column; fails (`_999`) when the value is of another kind.
    fn from_value(value: Value) -> Result<Self>;
}

/// The failure to read `value` as a `wanted`.
pub(crate) fn unreadable(wanted: &str, value: &Value) -> Error {
    Error::internal(format!("{value:?} cannot be read as {wanted}"))
}

impl FromValue for Value {
    fn from_value(value: Value) -> Result<Self> {
        Ok(value)
    }
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Int(number) => Ok(number),
            other => Err(unreadable("i64", &other)),
        }
    }
}

macro_rules! read_numbers {
    ($($number:ty),*) => {$(
        impl FromValue for $number {
            fn from_value(value: Value) -> Result<Self> {
                match value {
                    Value::Int(number) => {
                        Self::try_from(number).map_err(|_| unreadable(stringify!($number), &Value::Int(number)))
                    }
                    other => Err(unreadable(stringify!($number), &other)),
                }
            }
        }
    )*};
}

read_numbers!(i32, i16, u64, u32, u16, u8);

impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Bool(flag) => Ok(flag),
            Value::Int(0) => Ok(false),
            Value::Int(1) => Ok(true),
            other => Err(unreadable("bool", &other)),
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Text(text) => Ok(text),
            other => Err(unreadable("String", &other)),
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Bytes(bytes) => Ok(bytes),
            other => Err(unreadable("Vec<u8>", &other)),
        }
    }
}

impl<const N: usize> FromValue for [u8; N] {
    fn from_value(value: Value) -> Result<Self> {
        let bytes = Vec::<u8>::from_value(value)?;
        Self::try_from(bytes).map_err(|bytes| unreadable("bytes of a fixed length", &Value::Bytes(bytes)))
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value) -> Result<Self> {
        i64::from_value(value).map(Self::from_micros)
    }
}

impl FromValue for serde_json::Value {
    fn from_value(value: Value) -> Result<Self> {
        let text = String::from_value(value)?;
        serde_json::from_str(&text).map_err(|e| Error::internal(format!("not JSON: {e}")))
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self> {
        match value {
            Value::Null => Ok(None),
            other => T::from_value(other).map(Some),
        }
    }
}
