//! Reading tuples, roles and schema into memory, whole at first and then by the log.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, OnceLock},
};

use avnology_model::{
    Error, Result, Timestamp,
    ids::OrganizationId,
    organizations::{CustomRole, RoleBase},
    permissions::BuiltInRole,
};
use avnology_rebac::{CustomRole as IndexedRole, Index, RolePermissions, Schema, Written};
use avnology_store::{
    IdentityTx,
    events::log::Cursor,
    organizations::roles as role_rows,
    permissions::{
        changes::{self, BUILT_IN, Change, Noted, StoredTuple},
        own_tuples,
        schemas::{self, StoredSchema},
        tuples,
    },
};

use super::{
    follow::KEPT_SECONDS,
    memory::View,
    stored::{read_tuple, scope_of},
};
use crate::Tenant;

/// How many tuples are read at a time.
const PAGE: u32 = 10_000;
/// How many changes are read at a time, and how many in a short read.
const CHANGES: u32 = 2_000;

/// Reads the tuples of a table in pages.
type Pages = fn(&mut IdentityTx<'_>, &StoredTuple, u32) -> Result<Vec<(StoredTuple, Option<Timestamp>)>>;

/// Who writes the tuples in memory.
pub(super) struct Writer {
    index: Index,
    schema: Arc<StoredSchema>,
    /// Everything up to here is in the index.
    floor: Cursor,
    /// The last change that is.
    seen: Cursor,
    /// What is in the index of what lies behind `floor`.
    ahead: Vec<Cursor>,
    /// When the log was followed last.
    followed_at: Timestamp,
    /// How many own tuples each store has.
    sizes: Arc<HashMap<String, u64>>,
}

/// How a tuple is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum There {
    Gone,
    Until(Option<Timestamp>),
}

/// What lies behind a place of the log, read at one moment.
pub(super) struct News {
    noted: Vec<Noted>,
    schema: Option<StoredSchema>,
    roles: Vec<(OrganizationId, Vec<CustomRole>)>,
}

/// The schema of a stored document, with what the built-in roles list.
pub(super) fn compile(stored: &StoredSchema) -> Result<Schema> {
    let schema = Schema::parse(&stored.document).map_err(|errors| {
        let first = errors.first().map(ToString::to_string).unwrap_or_default();
        Error::internal(format!("the stored schema of permissions is not valid: {first}"))
    })?;
    let schema = schema
        .with_shared(stored.shared.iter().map(String::as_str))
        .map_err(|name| Error::internal(format!("{name} is shared and no namespace")))?;
    Ok(with_built_in_roles(schema))
}

/// A schema whose built-in roles list what they hold.
pub(super) fn with_built_in_roles(schema: Schema) -> Schema {
    let list = |role: BuiltInRole| role.scopes().iter().map(|scope| scope.as_str().to_owned()).collect();
    schema.with_role_permissions(RolePermissions {
        owner: list(BuiltInRole::Owner),
        admin: list(BuiltInRole::Admin),
        member: list(BuiltInRole::Member),
    })
}

fn indexed(role: &CustomRole) -> IndexedRole {
    IndexedRole {
        key: role.key.to_string(),
        extends_admin: role.base == RoleBase::Admin,
        permissions: role.permissions.iter().map(|permission| permission.as_str().to_owned()).collect(),
    }
}

impl Writer {
    /// Reads everything as of one moment.
    pub(super) async fn read_all(app: &Tenant) -> Result<Self> {
        let seed = u64::from_le_bytes(app.system_cx().random());
        let now = app.now();
        let writer = app.store.identity().scan(move |tx| Self::read(tx, seed, now)).await?;
        tracing::info!(tuples = writer.index.snapshot().len(), "relation tuples are in memory");
        Ok(writer)
    }

    fn read(tx: &mut IdentityTx<'_>, seed: u64, followed_at: Timestamp) -> Result<Self> {
        // First the place, then the tuples: what is changed in between is behind the place and is taken again.
        let floor = changes::head(tx)?;
        let schema = schemas::find(tx)?;
        let mut writer = Self {
            index: Index::new(&compile(&schema)?, seed),
            schema: Arc::new(schema),
            floor,
            seen: floor,
            ahead: Vec::new(),
            followed_at,
            sizes: Arc::default(),
        };
        for pages in [tuples::all_after as Pages, own_tuples::all_after] {
            let [store, namespace, object, relation, subject] = [const { String::new() }; 5];
            let mut after = StoredTuple { store, namespace, object, relation, subject };
            loop {
                let page = pages(tx, &after, PAGE)?;
                let Some((last, _)) = page.last() else { break };
                after = last.clone();
                for (tuple, expire_time) in page {
                    writer.put(tuple, expire_time);
                }
            }
        }
        let mut after = (String::new(), String::new());
        loop {
            let page = role_rows::everywhere(tx, (&after.0, &after.1), PAGE)?;
            let Some(last) = page.last() else { break };
            after = (last.organization_id.to_string(), last.id.to_string());
            writer.add_roles(&page);
        }
        Ok(writer)
    }

    /// Adds roles that come in order of their organizations.
    fn add_roles(&mut self, page: &[CustomRole]) {
        let mut of: BTreeMap<OrganizationId, Vec<IndexedRole>> = BTreeMap::new();
        for role in page {
            of.entry(role.organization_id).or_default().push(indexed(role));
        }
        for (organization, roles) in of {
            self.index.set_roles(&organization.to_string(), &roles);
        }
    }

    /// Whether the log still holds all that is behind what was followed last.
    pub(super) fn is_recent(&self, now: Timestamp) -> bool {
        self.followed_at.plus_seconds(KEPT_SECONDS / 2) > now
    }

    /// What lies behind the place that was followed last.
    pub(super) async fn read_news(&self, app: &Tenant) -> Result<News> {
        let floor = self.floor;
        let db = app.store.identity();
        if let Some(news) = db.read(move |tx| News::read(tx, floor, true)).await? {
            return Ok(news);
        }
        let news = db.scan(move |tx| News::read(tx, floor, false)).await?;
        news.ok_or_else(|| Error::internal("a long read of the log read nothing"))
    }

    /// Takes over what was read.
    pub(super) fn apply(&mut self, news: News, now: Timestamp) -> Result<()> {
        self.followed_at = now;
        let News { noted, schema, roles } = news;
        if let Some(last) = noted.last() {
            self.seen = self.seen.max(last.cursor);
        }
        let places = noted.iter().map(|noted| noted.cursor);
        let is_known = places.clone().eq(self.ahead.iter().copied());
        let settled = noted.iter().take_while(|noted| noted.is_settled).map(|noted| noted.cursor).last();
        let floor = settled.unwrap_or(self.floor);
        self.ahead = places.filter(|place| *place > floor).collect();
        self.floor = floor;
        if is_known {
            return Ok(());
        }
        // Of each tuple the last change counts: it is how the tuple is now. First what is gone, then the schema that may
        // have no place for it, then what is there.
        let mut last: HashMap<StoredTuple, There> = HashMap::new();
        for Noted { change, .. } in noted {
            match change {
                Change::Put(tuple, expire_time) => last.insert(tuple, There::Until(expire_time)),
                Change::Delete(tuple) => last.insert(tuple, There::Gone),
                Change::Roles(_) | Change::Schema => None,
            };
        }
        let (gone, there): (Vec<_>, Vec<_>) = last.into_iter().partition(|(_, there)| *there == There::Gone);
        for (tuple, _) in gone {
            self.delete(tuple);
        }
        if let Some(schema) = schema {
            self.index.set_schema(&compile(&schema)?).map_err(|in_use| {
                Error::internal(format!("tuples in memory have no place in the schema: {in_use:?}"))
            })?;
            self.schema = Arc::new(schema);
        }
        for (tuple, there) in there {
            if let There::Until(expire_time) = there {
                self.put(tuple, expire_time);
            }
        }
        for (organization, of) in roles {
            let of: Vec<_> = of.iter().map(indexed).collect();
            self.index.set_roles(&organization.to_string(), &of);
        }
        Ok(())
    }

    fn put(&mut self, stored: StoredTuple, expire_time: Option<Timestamp>) {
        let (scope, store) = (scope_of(&stored.store), stored.store.clone());
        let tuple = read_tuple(stored);
        match self.index.insert(&scope, &tuple, expire_time.map(Timestamp::micros)) {
            Ok(Written::New) => self.count(&store, |count| count + 1),
            Ok(Written::Changed | Written::Same) => {}
            // Written by another version: it grants nothing here.
            Err(error) => tracing::warn!(%tuple, %error, "a relation tuple does not fit the schema"),
        }
    }

    fn delete(&mut self, stored: StoredTuple) {
        let (scope, store) = (scope_of(&stored.store), stored.store.clone());
        if self.index.delete(&scope, &read_tuple(stored)) {
            self.count(&store, |count| count.saturating_sub(1));
        }
    }

    fn count(&mut self, store: &str, next: impl Fn(u64) -> u64) {
        if store == BUILT_IN {
            return;
        }
        let sizes = Arc::make_mut(&mut self.sizes);
        let count = next(sizes.get(store).copied().unwrap_or_default());
        if count == 0 {
            sizes.remove(store);
        } else {
            sizes.insert(store.to_owned(), count);
        }
    }

    /// What is in the index now.
    pub(super) fn view(&self, commits: u64) -> View {
        View {
            snapshot: self.index.snapshot(),
            schema: Arc::clone(&self.schema),
            seen: self.seen,
            floor: self.floor,
            commits,
            token: OnceLock::new(),
            sizes: Arc::clone(&self.sizes),
        }
    }
}

impl News {
    /// What lies behind a place; none when a short read would not do.
    fn read(tx: &mut IdentityTx<'_>, floor: Cursor, is_short: bool) -> Result<Option<Self>> {
        let (mut noted, mut after): (Vec<Noted>, Cursor) = (Vec::new(), floor);
        loop {
            let page = changes::read_after(tx, after, CHANGES)?;
            let is_full = page.len() >= CHANGES as usize;
            if is_full && is_short {
                return Ok(None);
            }
            after = page.last().map_or(after, |last| last.cursor);
            noted.extend(page);
            if !is_full {
                break;
            }
        }
        let has_schema = noted.iter().any(|noted| noted.change == Change::Schema);
        let schema = if has_schema { Some(schemas::find(tx)?) } else { None };
        let mut roles = BTreeMap::new();
        for noted in &noted {
            if let Change::Roles(organization) = noted.change
                && !roles.contains_key(&organization)
            {
                roles.insert(organization, role_rows::of_organization(tx, organization)?);
            }
        }
        Ok(Some(Self { noted, schema, roles: roles.into_iter().collect() }))
    }
}
