//! Ids in the path.

use std::str::FromStr;

use avnology_model::{Error, Result};

use super::{Input, InputDoc, Raw};

/// Nothing but the path itself.
#[derive(Clone, Copy, Debug)]
pub struct NoInput;

impl Input for NoInput {
    fn parse(_: &mut Raw) -> Result<Self> {
        Ok(Self)
    }

    fn describe(_: &mut InputDoc) {}
}

/// The one parameter of the path. What cannot be read names nothing: `_901`.
#[derive(Clone, Copy, Debug)]
pub struct Path1<T>(pub T);

impl<T: FromStr + Send + 'static> Input for Path1<T> {
    fn parse(raw: &mut Raw) -> Result<Self> {
        nth(raw, 0).map(Self)
    }

    fn describe(doc: &mut InputDoc) {
        doc.path_parameters = 1;
    }
}

/// The two parameters of the path.
#[derive(Clone, Copy, Debug)]
pub struct Path2<A, B>(pub A, pub B);

impl<A: FromStr + Send + 'static, B: FromStr + Send + 'static> Input for Path2<A, B> {
    fn parse(raw: &mut Raw) -> Result<Self> {
        Ok(Self(nth(raw, 0)?, nth(raw, 1)?))
    }

    fn describe(doc: &mut InputDoc) {
        doc.path_parameters = 2;
    }
}

fn nth<T: FromStr>(raw: &Raw, index: usize) -> Result<T> {
    raw.params.get(index).and_then(|text| text.parse().ok()).ok_or_else(Error::not_found)
}
