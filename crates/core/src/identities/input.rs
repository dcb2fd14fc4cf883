//! What callers may write of an identity: checked once, here, for every way in.

use avnology_model::{
    Error, FieldCode, FieldError, Result,
    identities::{Email, Identity, Metadata, Username, https_url, locale, person_name, phone, timezone},
    platform::RegistrationField,
    text::{Refusal, collect, optional_line},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

const TRAITS_BYTES: usize = 32 * 1024;
const METADATA_BYTES: usize = 16 * 1024;

/// An identity as an administrator writes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityInput {
    /// E-mail.
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// Whether it is proven.
    pub email_verified: bool,
    /// Phone, E.164.
    pub phone: Option<String>,
    /// Whether it is proven.
    pub phone_verified: bool,
    /// Username, 3–64.
    pub username: Option<String>,
    /// First name, up to 100.
    pub first_name: Option<String>,
    /// Last name, up to 100.
    pub last_name: Option<String>,
    /// Name to show, up to 200.
    pub display_name: Option<String>,
    /// Picture, https.
    pub avatar_url: Option<String>,
    /// Language, BCP 47.
    pub locale: Option<String>,
    /// Time zone, IANA.
    pub timezone: Option<String>,
    /// The tenant's own fields, up to 32 KiB.
    #[schema(value_type = Object)]
    pub traits: Map<String, Value>,
    /// Applications' data, up to 16 KiB each.
    pub metadata: Metadata,
    /// Id in a source system, up to 255.
    pub external_id: Option<String>,
    /// Whether the next password sign-in must set a new one.
    pub password_change_required: bool,
}

/// The fields of an identity that were checked and may be written.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub(crate) email: Option<Email>,
    rest: IdentityInput,
}

/// The present identity in the form of an input, as the ground of a patch.
pub(crate) fn editable(identity: &Identity) -> IdentityInput {
    let i = identity.clone();
    IdentityInput {
        email: i.email,
        email_verified: i.email_verified,
        phone: i.phone,
        phone_verified: i.phone_verified,
        username: i.username,
        first_name: i.first_name,
        last_name: i.last_name,
        display_name: i.display_name,
        avatar_url: i.avatar_url,
        locale: i.locale,
        timezone: i.timezone,
        traits: i.traits,
        metadata: i.metadata,
        external_id: i.external_id,
        password_change_required: i.password_change_required,
    }
}

impl IdentityInput {
    /// Checks every field; `prefix` stands before the names in errors, as in `identity.`.
    pub(crate) fn check(
        self,
        prefix: &str,
        required: &[RegistrationField],
    ) -> Result<Fields, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut fields = Checker { prefix, errors: &mut errors };
        let email = fields.parsed("email", self.email.as_deref(), Email::parse);
        let rest = IdentityInput {
            email: email.as_ref().map(|e| e.as_str().to_owned()),
            phone: fields.parsed("phone", self.phone.as_deref(), phone),
            username: fields
                .parsed("username", self.username.as_deref(), Username::parse)
                .map(|u| u.as_str().to_owned()),
            first_name: fields.parsed("first_name", self.first_name.as_deref(), |t| person_name(t, 100)),
            last_name: fields.parsed("last_name", self.last_name.as_deref(), |t| person_name(t, 100)),
            display_name: fields
                .parsed("display_name", self.display_name.as_deref(), |t| person_name(t, 200)),
            avatar_url: fields.parsed("avatar_url", self.avatar_url.as_deref(), |t| https_url(t, 2_048)),
            locale: fields.parsed("locale", self.locale.as_deref(), locale),
            timezone: fields.parsed("timezone", self.timezone.as_deref(), timezone),
            external_id: fields.parsed("external_id", self.external_id.as_deref(), |t| {
                optional_line(Some(t), 255).map(Option::unwrap_or_default)
            }),
            email_verified: self.email_verified && email.is_some(),
            phone_verified: self.phone_verified && self.phone.is_some(),
            traits: fields.sized("traits", self.traits, TRAITS_BYTES),
            metadata: Metadata {
                public: fields.sized("metadata.public", self.metadata.public, METADATA_BYTES),
                admin: fields.sized("metadata.admin", self.metadata.admin, METADATA_BYTES),
            },
            password_change_required: self.password_change_required,
        };
        for field in required {
            let given = match field {
                RegistrationField::Email => rest.email.is_some(),
                RegistrationField::Phone => rest.phone.is_some(),
                RegistrationField::Username => rest.username.is_some(),
                RegistrationField::FirstName => rest.first_name.is_some(),
                RegistrationField::LastName => rest.last_name.is_some(),
            };
            fields.required(field.as_str(), given);
        }
        if errors.is_empty() { Ok(Fields { email, rest }) } else { Err(errors) }
    }

    /// The same for a change of `present`, whose picture may stay what it is: one that was uploaded here has our own
    /// address, which in development is no `https` one.
    pub(crate) fn check_change(
        mut self,
        present: &Identity,
        prefix: &str,
        required: &[RegistrationField],
    ) -> Result<Fields, Vec<FieldError>> {
        let kept = self.avatar_url.take_if(|url| present.avatar_url.as_ref() == Some(url));
        let mut fields = self.check(prefix, required)?;
        if kept.is_some() {
            fields.rest.avatar_url = kept;
        }
        Ok(fields)
    }
}

struct Checker<'a> {
    prefix: &'a str,
    errors: &'a mut Vec<FieldError>,
}

impl Checker<'_> {
    /// A parsed value; an empty one is none.
    fn parsed<T>(
        &mut self,
        name: &str,
        text: Option<&str>,
        parse: impl Fn(&str) -> Result<T, Refusal>,
    ) -> Option<T> {
        let text = text.filter(|t| !t.trim().is_empty())?;
        collect(self.errors, &format!("{}{name}", self.prefix), parse(text))
    }

    fn sized(&mut self, name: &str, map: Map<String, Value>, max: usize) -> Map<String, Value> {
        let size = serde_json::to_vec(&map).map_or(usize::MAX, |bytes| bytes.len());
        if size > max {
            self.push(name, FieldCode::TooLong, &format!("At most {} KiB.", max / 1024));
        } else if map.iter().any(|(key, value)| holds_nul(key) || any_text(value, &holds_nul)) {
            self.push(name, FieldCode::InvalidFormat, "Null characters are not allowed.");
        }
        map
    }

    fn required(&mut self, name: &str, given: bool) {
        let field = format!("{}{name}", self.prefix);
        if !given && !self.errors.iter().any(|e| e.field == field) {
            self.push(name, FieldCode::Required, "This field is required.");
        }
    }

    fn push(&mut self, name: &str, code: FieldCode, message: &str) {
        self.errors.push(FieldError {
            field: format!("{}{name}", self.prefix),
            code,
            message: message.to_owned(),
        });
    }
}

fn holds_nul(text: &str) -> bool {
    text.contains('\0')
}

fn any_text(value: &Value, holds: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => holds(text),
        Value::Array(items) => items.iter().any(|v| any_text(v, holds)),
        Value::Object(map) => map.iter().any(|(key, v)| holds(key) || any_text(v, holds)),
        _ => false,
    }
}

/// What an input says by itself is proven, whatever was before.
#[derive(Clone, Copy)]
pub(crate) struct Says {
    pub(crate) email: bool,
    pub(crate) phone: bool,
}

impl Fields {
    /// Writes the fields onto an identity. A changed address is no longer proven, unless this very input says so.
    pub(crate) fn write(self, identity: &mut Identity) {
        let says = Says {
            email: self.rest.email_verified && !identity.email_verified,
            phone: self.rest.phone_verified && !identity.phone_verified,
        };
        self.write_saying(identity, says);
    }

    /// The same where it is known what the input itself says is proven.
    pub(crate) fn write_saying(self, identity: &mut Identity, says: Says) {
        let r = self.rest;
        let key = self.email.map(|e| e.key().to_owned());
        identity.email_verified = r.email_verified && (says.email || identity.email_key == key);
        identity.phone_verified = r.phone_verified && (says.phone || identity.phone == r.phone);
        identity.email = r.email;
        identity.email_key = key;
        identity.phone = r.phone;
        identity.username = r.username;
        identity.first_name = r.first_name;
        identity.last_name = r.last_name;
        identity.display_name = r.display_name;
        identity.avatar_url = r.avatar_url;
        identity.locale = r.locale;
        identity.timezone = r.timezone;
        identity.traits = r.traits;
        identity.metadata = r.metadata;
        identity.external_id = r.external_id;
        identity.password_change_required = r.password_change_required;
    }

    /// The tenant's own fields.
    pub(crate) fn traits(&self) -> &Map<String, Value> {
        &self.rest.traits
    }

    /// Words of the person that a password must not be built on.
    pub(crate) fn own_words(&self) -> Vec<String> {
        let r = &self.rest;
        own_words([&r.email, &r.username, &r.first_name, &r.last_name, &r.display_name, &r.phone])
    }
}

/// The words in these fields, the e-mail's local part included.
pub(crate) fn own_words<'a>(fields: impl IntoIterator<Item = &'a Option<String>>) -> Vec<String> {
    let mut words: Vec<String> = fields.into_iter().flatten().cloned().collect();
    let locals: Vec<String> =
        words.iter().filter_map(|w| w.rsplit_once('@')).map(|(local, _)| local.to_owned()).collect();
    words.extend(locals);
    words
}

/// The words of a whole identity.
pub(crate) fn words_of(identity: &Identity) -> Vec<String> {
    let i = identity;
    own_words([&i.email, &i.username, &i.first_name, &i.last_name, &i.display_name, &i.phone])
}

/// Reads an input from JSON, naming the field that does not fit; `prefix` stands before it.
pub(crate) fn from_json(value: Value, prefix: &str) -> Result<IdentityInput> {
    serde_json::from_value(value).map_err(|error| {
        let text = error.to_string();
        let named = text.split('`').nth(1).unwrap_or_default();
        let code = if text.starts_with("unknown field") {
            FieldCode::UnknownField
        } else {
            FieldCode::InvalidFormat
        };
        Error::field(format!("{prefix}{named}"), code, text)
    })
}
