//! Lists: the parameters that every list takes, and page tokens (`contract/00` §7.1).

use avnology_aip::{
    Expr, Key, OrderKey, PageToken, filter, order_by,
    page_token::{MAX_AGE_SECONDS, PageTokenError},
};
use avnology_core::Tenant;
use avnology_model::{Error, FieldCode, Result, Timestamp, secret_token::sha256};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use utoipa::{
    IntoParams,
    openapi::{
        RefOr, Schema,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
    },
};

use crate::input::{Input, InputDoc, Mode, NoParams, Raw, typed};

/// How many a page has when nobody says, and at most.
const USUAL: (u32, u32) = (25, 100);
const FILTER_LIMIT: usize = 2_000;
const OWN: &[&str] = &["page_size", "page_token", "filter", "order_by", "include_total"];

/// What is asked of a list, and `T`, its own parameters. A page has `USUALLY` so many when nobody says, and never more than
/// `MOST`.
#[derive(Clone, Debug)]
pub struct List<T = NoParams, const USUALLY: u32 = { USUAL.0 }, const MOST: u32 = { USUAL.1 }> {
    /// At most how many.
    pub page_size: u32,
    /// Where the page before ended.
    pub position: Option<Vec<Key>>,
    /// Which.
    pub filter: Option<Expr>,
    /// In which order; the list's own when empty.
    pub order_by: Vec<OrderKey>,
    /// Whether they are counted.
    pub include_total: bool,
    /// The list's own parameters.
    pub query: T,
    binding: [u8; 8],
}

#[derive(Default, Deserialize)]
struct Parameters {
    page_size: Option<i64>,
    page_token: Option<String>,
    filter: Option<String>,
    order_by: Option<String>,
    include_total: Option<bool>,
}

impl<T, const USUALLY: u32, const MOST: u32> List<T, USUALLY, MOST> {
    /// The token of the page after this one; empty when there is none.
    pub fn next_page_token(&self, app: &Tenant, now: Timestamp, next: Option<Vec<Key>>) -> String {
        let Some(position) = next else { return String::new() };
        let token = PageToken { binding: self.binding, issued_at_seconds: now.seconds(), position };
        token.encode(|bytes| mac(app, bytes))
    }
}

impl<T, const USUALLY: u32, const MOST: u32> Input for List<T, USUALLY, MOST>
where
    T: DeserializeOwned + IntoParams + Send + 'static,
{
    const QUERY: bool = true;

    fn parse(raw: &mut Raw) -> Result<Self> {
        let pairs = std::mem::take(&mut raw.query);
        let binding = binding(raw, &pairs);
        let (own, rest): (Vec<_>, Vec<_>) =
            pairs.into_iter().partition(|(name, _)| OWN.contains(&name.as_str()));
        let object = |pairs| Value::Object(crate::input::raw::object_of(pairs));
        let own: Result<Parameters> = typed(&object(own), Mode::Text);
        let query: Result<T> = typed(&object(rest), Mode::Text);
        let (own, query) = match (own, query) {
            (Ok(own), Ok(query)) => (own, query),
            (own, query) => return Err(joined(own.err(), query.err())),
        };
        let mut list = Self {
            page_size: page_size(own.page_size, (USUALLY, MOST))?,
            position: None,
            filter: own.filter.as_deref().map(parse_filter).transpose()?.flatten(),
            order_by: parse_order(own.order_by.as_deref().unwrap_or_default())?,
            include_total: own.include_total.unwrap_or(false),
            query,
            binding,
        };
        if let Some(token) = own.page_token.filter(|token| !token.is_empty()) {
            list.position = Some(open(&raw.app, &token, binding, raw.cx.now)?);
        }
        Ok(list)
    }

    fn describe(doc: &mut InputDoc) {
        doc.parameters.extend(T::into_params(|| Some(ParameterIn::Query)));
        doc.parameters.extend(own_parameters((USUALLY, MOST)));
    }
}

/// A page of a list that is asked for in a body.
#[derive(Clone, Debug)]
pub struct BodyPage {
    /// At most how many.
    pub size: u32,
    /// The last name of the page before.
    pub after: Option<String>,
    binding: [u8; 8],
}

impl BodyPage {
    /// What `page_size` and `page_token` say, in a request that chooses by `chosen`. `_902`.
    pub(crate) fn read(
        app: &Tenant,
        now: Timestamp,
        chosen: &str,
        (asked, limits): (Option<i64>, (u32, u32)),
        token: Option<&str>,
    ) -> Result<Self> {
        let hash = sha256(chosen.as_bytes());
        let binding = std::array::from_fn(|i| hash.get(i).copied().unwrap_or_default());
        let size = page_size(asked, limits)?;
        let keys = token.filter(|token| !token.is_empty()).map(|token| open(app, token, binding, now));
        let after = keys.transpose()?.and_then(|keys| match keys.into_iter().next() {
            Some(Key::Text(text)) => Some(text),
            _ => None,
        });
        Ok(Self { size, after, binding })
    }

    /// The token of the page behind `last`; empty when there is none.
    pub fn next_token(&self, app: &Tenant, now: Timestamp, last: Option<&String>) -> String {
        let Some(last) = last else { return String::new() };
        let position = vec![Key::Text(last.clone())];
        let token = PageToken { binding: self.binding, issued_at_seconds: now.seconds(), position };
        token.encode(|bytes| mac(app, bytes))
    }
}

/// Both sets of fields in one error.
fn joined(one: Option<Error>, other: Option<Error>) -> Error {
    let fields = [&one, &other].into_iter().flatten().flat_map(|e| e.errors().iter().cloned()).collect();
    match Error::from_fields(fields) {
        Err(error) => error,
        Ok(()) => one.or(other).unwrap_or_else(|| Error::internal("parameters failed without a flaw")),
    }
}

fn page_size(asked: Option<i64>, (usually, most): (u32, u32)) -> Result<u32> {
    match asked {
        None => Ok(usually),
        Some(..1) => Err(Error::field("page_size", FieldCode::TooSmall, "At least 1.")),
        Some(size) => Ok(u32::try_from(size).unwrap_or(u32::MAX).min(most)),
    }
}

fn parse_filter(text: &str) -> Result<Option<Expr>> {
    if text.chars().count() > FILTER_LIMIT {
        return Err(Error::field("filter", FieldCode::TooLong, "At most 2,000 characters."));
    }
    filter::parse(text).map_err(|e| Error::field("filter", FieldCode::InvalidFormat, e.to_string()))
}

fn parse_order(text: &str) -> Result<Vec<OrderKey>> {
    order_by::parse(text).map_err(|e| Error::field("order_by", FieldCode::InvalidFormat, e.to_string()))
}

fn open(app: &Tenant, token: &str, binding: [u8; 8], now: Timestamp) -> Result<Vec<Key>> {
    match PageToken::decode(token, |bytes| mac(app, bytes), &binding, now.seconds(), MAX_AGE_SECONDS) {
        Ok(token) => Ok(token.position),
        Err(error) => {
            let words = match error {
                PageTokenError::Malformed => "This is no page token of this list.",
                PageTokenError::Mismatch => "This page token belongs to a request with other parameters.",
                PageTokenError::Expired => "This page token is too old. Start again from the first page.",
            };
            Err(Error::field("page_token", FieldCode::InvalidFormat, words))
        }
    }
}

fn mac(app: &Tenant, bytes: &[u8]) -> [u8; 16] {
    let whole = app.keys.hmac("page", bytes);
    std::array::from_fn(|i| whole.get(i).copied().unwrap_or_default())
}

/// A fingerprint of caller, path and every parameter that chooses or orders rows.
fn binding(raw: &Raw, pairs: &[(String, String)]) -> [u8; 8] {
    let mut parts = vec![raw.place_key(), raw.uri.path().to_owned()];
    let mut chosen: Vec<_> = pairs
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "page_size" | "page_token" | "include_total"))
        .collect();
    chosen.sort();
    parts.extend(chosen.into_iter().flat_map(|(name, value)| [name.clone(), value.clone()]));
    // JSON keeps the parts apart whatever they hold.
    let hash = sha256(Value::from(parts).to_string().as_bytes());
    std::array::from_fn(|i| hash.get(i).copied().unwrap_or_default())
}

fn own_parameters((usually, most): (u32, u32)) -> Vec<Parameter> {
    let schema = |kind: Type, low: Option<i64>, high: Option<usize>| {
        let object = ObjectBuilder::new().schema_type(kind).minimum(low).max_length(high).build();
        RefOr::T(Schema::Object(object))
    };
    let parameter = |name: &str, description: &str, schema: RefOr<Schema>| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .description(Some(description))
            .schema(Some(schema))
            .build()
    };
    vec![
        parameter(
            "page_size",
            &format!("At most how many; {usually} unless given, larger values are cut to {most}."),
            schema(Type::Integer, Some(1), None),
        ),
        parameter("page_token", "`next_page_token` of the page before.", schema(Type::String, None, None)),
        parameter("filter", "Which, in the filter grammar.", schema(Type::String, None, Some(FILTER_LIMIT))),
        parameter(
            "order_by",
            "`field`, `field asc` or `field desc`; at most two, separated by a comma.",
            schema(Type::String, None, None),
        ),
        parameter("include_total", "Whether to add `total_size`.", schema(Type::Boolean, None, None)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sizes_are_capped_and_nothing_below_one_is_taken() {
        assert_eq!(page_size(None, USUAL).ok(), Some(25));
        assert_eq!(page_size(Some(7), USUAL).ok(), Some(7));
        assert_eq!(page_size(Some(i64::MAX), USUAL).ok(), Some(100));
        for size in [0, -1, i64::MIN] {
            assert_eq!(
                page_size(Some(size), USUAL).expect_err("refused").errors()[0].code,
                FieldCode::TooSmall
            );
        }
    }

    #[test]
    fn filters_and_orders_that_cannot_be_read_are_named() {
        assert_eq!(parse_filter("").ok(), Some(None));
        assert_eq!(
            parse_filter(&"x".repeat(2_001)).expect_err("refused").errors()[0].code,
            FieldCode::TooLong
        );
        assert_eq!(parse_filter("a =").expect_err("refused").errors()[0].field, "filter");
        assert_eq!(parse_order("a b").expect_err("refused").errors()[0].field, "order_by");
    }
}
