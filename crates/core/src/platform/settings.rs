//! The tenant's settings: read often, changed seldom, kept in memory whole (`contract/00` §14).

use std::sync::Arc;

use avnology_model::{
    Error, FieldCode, FieldError, Result, Timestamp,
    credentials::Factor,
    events::EventType,
    platform::{Environment, FederationMode, Precondition, TenantSettings},
};
use avnology_store::{
    IdentityTx, Store,
    identities::federation as federation_rows,
    platform::settings::{self as rows, StoredSettings},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{
    captcha,
    federation::{self, Switch},
};
use crate::{Cx, Tenant, credentials::is_certificate, events::emit, identities::TraitsSchema};

/// The settings with their version.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingsVersion {
    /// The settings.
    pub settings: TenantSettings,
    /// Counts changes; 0 before the first.
    pub version: i64,
    /// Last change.
    pub update_time: Timestamp,
}

impl SettingsVersion {
    /// Strong entity tag, without quotes.
    pub fn etag(&self) -> String {
        format!("{}-tenant", self.version)
    }
}

/// The tenant as administrators see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Tenant)]
pub struct TenantView {
    /// Live or test.
    pub environment: Environment,
    /// The settings.
    #[serde(flatten)]
    pub settings: TenantSettings,
    /// Entity tag.
    pub etag: String,
    /// Last change.
    #[schema(value_type = String, format = DateTime)]
    pub update_time: Timestamp,
}

/// Reads the settings; the defaults when none were ever changed.
pub async fn load(store: &Store) -> Result<SettingsVersion> {
    match store.identity().read(rows::find).await? {
        Some(stored) => parse(stored),
        None => Ok(SettingsVersion {
            settings: TenantSettings::default(),
            version: 0,
            update_time: Timestamp::from_micros(0),
        }),
    }
}

fn parse(stored: StoredSettings) -> Result<SettingsVersion> {
    let settings = serde_json::from_value(stored.settings).map_err(Error::internal)?;
    Ok(SettingsVersion { settings, version: stored.version, update_time: stored.update_time })
}

/// Takes over what another node changed.
pub async fn reload(app: &Tenant) -> Result<()> {
    let loaded = load(&app.store).await?;
    publish(app, loaded);
    Ok(())
}

/// Forgets everybody: identities belong elsewhere now.
pub(crate) fn forget_everybody(app: &Tenant) {
    app.sessions.clear();
    app.clients.forget_tokens();
    app.organizations.clear();
}

/// Takes settings into memory, unless newer ones are there: two changes may arrive in either order.
fn publish(app: &Tenant, version: SettingsVersion) {
    let version = Arc::new(version);
    app.settings.rcu(|present| {
        if present.version > version.version { Arc::clone(present) } else { Arc::clone(&version) }
    });
}

/// The tenant as administrators see it.
pub fn view(app: &Tenant) -> TenantView {
    let present = app.settings();
    TenantView {
        environment: app.config.environment,
        settings: shown(&present.settings),
        etag: present.etag(),
        update_time: present.update_time,
    }
}

/// The settings without what is never shown.
fn shown(settings: &TenantSettings) -> TenantSettings {
    TenantSettings { captcha: settings.captcha.shown(), ..settings.clone() }
}

/// Changes settings by a merge patch (RFC 7396): `null` brings back a default. `_902` names every value that is not
/// acceptable; `_905` when the settings are not the expected ones; `_318` and `_910` for a change of the federation mode.
pub async fn update(
    app: &Tenant,
    cx: &Cx,
    expected: &Precondition,
    patch: Map<String, Value>,
) -> Result<TenantView> {
    change(app, cx, expected, patch, Switch::Online).await
}

/// Changes the federation mode, whatever time it takes. `_318` with the first conflicts.
pub async fn set_federation_mode(app: &Tenant, cx: &Cx, to: FederationMode) -> Result<()> {
    let patch = Map::from_iter([("identity_federation_mode".to_owned(), json!(to))]);
    change(app, cx, &Precondition::default(), patch, Switch::Offline).await.map(drop)
}

async fn change(
    app: &Tenant,
    cx: &Cx,
    expected: &Precondition,
    mut patch: Map<String, Value>,
    by: Switch,
) -> Result<TenantView> {
    captcha::seal_secret(app, &mut patch)?;
    if patch.get("identity_schema").is_some_and(|schema| !schema.is_object() && !schema.is_null()) {
        return Err(Error::field("identity_schema", FieldCode::InvalidFormat, "Expected an object."));
    }
    let (cx, expected) = (cx.clone(), expected.clone());
    let environment = app.config.environment;
    let host = app.config.public_url.host_str().unwrap_or_default().to_owned();
    let texts = app.sends_texts();
    let names_mode = patch.contains_key("identity_federation_mode");
    let before = app.settings().settings.identity_federation_mode;
    let write = move |tx: &mut IdentityTx<'_>| {
        if names_mode {
            federation_rows::lock(tx)?;
        }
        write(tx, &cx, &expected, &patch, by, &Place { environment, host: &host, texts })
    };
    let db = app.store.identity();
    let changed = if names_mode { db.write_at_length(write).await } else { db.write(write).await }?;
    let crosses = changed.settings.identity_federation_mode != before;
    publish(app, changed);
    if crosses {
        forget_everybody(app);
    }
    Ok(view(app))
}

/// What the operator decided that settings must fit.
struct Place<'a> {
    environment: Environment,
    host: &'a str,
    texts: bool,
}

fn write(
    tx: &mut IdentityTx<'_>,
    cx: &Cx,
    expected: &Precondition,
    patch: &Map<String, Value>,
    by: Switch,
    place: &Place<'_>,
) -> Result<SettingsVersion> {
    let present = match rows::find(tx)? {
        Some(stored) => parse(stored)?,
        None => SettingsVersion {
            settings: TenantSettings::default(),
            version: 0,
            update_time: Timestamp::from_micros(0),
        },
    };
    expected.check(&present.etag())?;
    let before = serde_json::to_value(&present.settings).map_err(Error::internal)?;
    let settings = merged(&before, patch)?;
    let mut problems = settings.problems();
    let begins_texts = |s: &TenantSettings| s.second_factors.contains(&Factor::Sms);
    if !place.texts && begins_texts(&settings) && !begins_texts(&present.settings) {
        problems.push(FieldError {
            field: "second_factors".to_owned(),
            code: FieldCode::NotAllowed,
            message: "`sms` needs text messages, and nothing carries them here: the operator sets `sms_webhook_url`."
                .to_owned(),
        });
    }
    if !settings.webauthn.fits(place.host) {
        let message = format!("{}, or a domain above it.", place.host);
        problems.push(FieldError {
            field: "webauthn.rp_id".to_owned(),
            code: FieldCode::NotAllowed,
            message,
        });
    }
    problems.extend(no_certificates(&settings.webauthn.trusted_roots));
    Error::from_fields(problems)?;
    if let Some(schema) = &settings.identity_schema
        && present.settings.identity_schema.as_ref() != Some(schema)
    {
        TraitsSchema::compile(schema).map_err(|flaw| Error::of_fields(vec![flaw]))?;
    }
    let after = serde_json::to_value(&settings).map_err(Error::internal)?;
    if after == before {
        return Ok(present);
    }
    let mode = settings.identity_federation_mode;
    if mode != present.settings.identity_federation_mode {
        federation::switch(tx, cx, mode, by)?;
    }
    let next = SettingsVersion { settings, version: present.version + 1, update_time: cx.now };
    let stored =
        StoredSettings { settings: after.clone(), version: next.version, update_time: next.update_time };
    rows::put(tx, &stored, mode)?;
    let payload = changes(&before, &after);
    emit(tx, &cx.event(EventType::TenantUpdated, payload).on("tenant", &place.environment))?;
    Ok(next)
}

/// Roots that are no certificates. Whether a text is one is known to those who can read it.
fn no_certificates(roots: &[String]) -> impl Iterator<Item = FieldError> {
    let wrong = roots.iter().enumerate().filter(|(_, root)| !is_certificate(root));
    wrong.map(|(i, _)| FieldError {
        field: format!("webauthn.trusted_roots[{i}]"),
        code: FieldCode::InvalidFormat,
        message: "A certificate in PEM.".to_owned(),
    })
}

fn merged(before: &Value, patch: &Map<String, Value>) -> Result<TenantSettings> {
    let defaults = serde_json::to_value(TenantSettings::default()).map_err(Error::internal)?;
    let mut merged = before.clone();
    merge(&mut merged, &Value::Object(patch.clone()), &defaults);
    serde_json::from_value(merged).map_err(|e| {
        // The reason names the field, as in "unknown field `x`"; serde gives no path for flattened input.
        let text = e.to_string();
        let field = text.split('`').nth(1).unwrap_or("settings").to_owned();
        let code = if text.starts_with("unknown field") {
            FieldCode::UnknownField
        } else {
            FieldCode::InvalidFormat
        };
        Error::field(field, code, text)
    })
}

fn merge(target: &mut Value, patch: &Value, defaults: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(map) = target else { return };
    for (name, value) in patch {
        let default = defaults.get(name).cloned().unwrap_or(Value::Null);
        if value.is_null() {
            // Nothing stands for the default; a map's member without one is gone.
            match defaults.get(name) {
                Some(default) => map.insert(name.clone(), default.clone()),
                None => map.remove(name),
            };
        } else {
            merge(map.entry(name.clone()).or_insert(Value::Null), value, &default);
        }
    }
}

/// A setting as the log tells it: the secret of the CAPTCHA is nobody's to read, sealed or not.
fn told(name: &str, value: &Value) -> Value {
    let mut value = value.clone();
    if let ("captcha", Value::Object(map)) = (name, &mut value) {
        map.remove("secret");
    }
    value
}

fn changes(before: &Value, after: &Value) -> Value {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return json!({}) };
    let changed: Vec<&String> = after.keys().filter(|name| before.get(*name) != after.get(*name)).collect();
    let pick = |from: &Map<String, Value>| -> Map<String, Value> {
        changed.iter().filter_map(|n| from.get(*n).map(|v| ((*n).clone(), told(n, v)))).collect()
    };
    json!({ "changed_fields": changed, "previous_values": pick(before), "new_values": pick(after) })
}
