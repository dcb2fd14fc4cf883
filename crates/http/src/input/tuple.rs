//! Several inputs at once.

use avnology_model::{Code, Error, Result};

use super::{BodyKind, Input, InputDoc, Raw};

/// The error to tell: validation comes before existence (`contract/00` §6.3).
fn first(errors: impl IntoIterator<Item = Option<Error>>) -> Error {
    let mut missing = None;
    for error in errors.into_iter().flatten() {
        if error.code() != Code::NotFound {
            return error;
        }
        missing.get_or_insert(error);
    }
    missing.unwrap_or_else(Error::not_found)
}

macro_rules! tuples {
    ($($name:ident $value:ident),*) => {
        impl<$($name: Input),*> Input for ($($name,)*) {
            const BODY: BodyKind = BodyKind::None$(.or($name::BODY))*;
            const QUERY: bool = false $(|| $name::QUERY)*;

            fn parse(raw: &mut Raw) -> Result<Self> {
                $(let $value = $name::parse(raw);)*
                match ($($value,)*) {
                    ($(Ok($value),)*) => Ok(($($value,)*)),
                    ($($value,)*) => Err(first([$($value.err()),*])),
                }
            }

            fn describe(doc: &mut InputDoc) {
                $($name::describe(doc);)*
            }
        }
    };
}

tuples!(A a, B b);
tuples!(A a, B b, C c);
tuples!(A a, B b, C c, D d);
