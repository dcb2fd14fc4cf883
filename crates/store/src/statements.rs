//! The registry: every statement of every area, by home.
//!
//! A module that uses `statements!` adds its `ALL` here; tests fail if it does not, and prepare all on both engines.

use crate::{
    Sql, audit, clients, credentials, events, flows, identities, migrations, organizations, permissions,
    platform, privacy, service_accounts, sessions,
};

/// The statements that run on the identity layer.
pub static IDENTITY: &[&[&Sql]] = &[
    migrations::ALL,
    events::log::ALL,
    identities::identities::ALL,
    identities::avatars::ALL,
    identities::factor_recoveries::ALL,
    identities::imports::ALL,
    identities::federation::ALL,
    credentials::passkeys::ALL,
    credentials::passwords::ALL,
    credentials::lockouts::ALL,
    credentials::recovery_codes::ALL,
    credentials::sms::ALL,
    credentials::totp::ALL,
    sessions::devices::ALL,
    sessions::sessions::ALL,
    flows::flows::ALL,
    flows::links::ALL,
    permissions::changes::ALL,
    permissions::own_tuples::ALL,
    permissions::schemas::ALL,
    permissions::tuples::ALL,
    organizations::organizations::ALL,
    organizations::destructions::ALL,
    organizations::domains::ALL,
    organizations::group_members::ALL,
    organizations::groups::ALL,
    organizations::invitations::ALL,
    organizations::memberships::ALL,
    organizations::own::ALL,
    organizations::roles::ALL,
    organizations::seats::ALL,
    clients::clients::ALL,
    clients::codes::ALL,
    clients::consents::ALL,
    clients::device_codes::ALL,
    clients::grants::ALL,
    clients::logouts::ALL,
    clients::rules::ALL,
    clients::initial_tokens::ALL,
    clients::once::ALL,
    clients::origins::ALL,
    clients::pushed_requests::ALL,
    clients::refresh_tokens::ALL,
    clients::registrations::ALL,
    clients::requests::ALL,
    clients::resources::ALL,
    service_accounts::accounts::ALL,
    service_accounts::keys::ALL,
    platform::clock::ALL,
    platform::data_keys::ALL,
    platform::settings::ALL,
    platform::signing_keys::ALL,
    platform::rate_cells::ALL,
    platform::messages::ALL,
    platform::idempotency::ALL,
    audit::backlog::ALL,
    audit::erasures::ALL,
    audit::records::ALL,
    audit::checkpoints::ALL,
    audit::exports::ALL,
    privacy::activity::ALL,
    privacy::deletions::ALL,
    privacy::exports::ALL,
    privacy::holdings::ALL,
];

/// The statements that run on an organization's own database.
pub static ORGANIZATION: &[&[&Sql]] =
    &[migrations::ALL, events::log::ALL, audit::records::ALL, audit::checkpoints::ALL, audit::exports::ALL];

#[cfg(test)]
mod tests {
    use std::{
        collections::HashMap,
        fs,
        path::{Path, PathBuf},
    };

    use avnology_model::{Timestamp, ids::OrganizationId};
    use avnology_throwaway_postgres::ThrowawayPostgres;

    use super::*;
    use crate::{Store, StoreConfig, params};

    const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

    async fn prepare_all(config: StoreConfig) {
        let store = Store::open(config).await.unwrap();
        let mut refused = vec![];
        for sql in IDENTITY.iter().copied().flatten() {
            refused.extend(store.identity().write(|tx| tx.prepare(sql)).await.err());
        }
        let id = OrganizationId::new(NOW, [1; 10]);
        store.create_org(id).await.unwrap();
        let org = store.org(id).await.unwrap();
        for sql in ORGANIZATION.iter().copied().flatten() {
            refused.extend(org.write(|tx| tx.prepare(sql)).await.err());
        }
        assert!(refused.is_empty(), "{refused:#?}");
        store.close().await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_statement_compiles_on_sqlite() {
        let dir = tempfile::tempdir().unwrap();
        prepare_all(StoreConfig::new(dir.path(), NOW)).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_statement_compiles_on_postgres() {
        let dir = tempfile::tempdir().unwrap();
        let url = ThrowawayPostgres::shared().create_database();
        prepare_all(StoreConfig::new(dir.path(), NOW).on_postgres(url)).await;
    }

    #[test]
    fn every_module_with_statements_is_registered() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let registry = fs::read_to_string(root.join("statements.rs")).unwrap();
        let mut files = vec![];
        sources(&root, &mut files);
        let mut registered = 0;
        for file in files {
            let path = file.strip_prefix(&root).unwrap().with_extension("");
            let text = fs::read_to_string(&file).unwrap();
            // The macro's own file and this one name it without using it.
            if path == Path::new("engine/sql")
                || path == Path::new("statements")
                || !text.contains("statements! {")
            {
                continue;
            }
            let module = path.to_str().unwrap().replace('/', "::");
            let module = module.strip_suffix("::mod").unwrap_or(&module);
            assert!(registry.contains(&format!("{module}::ALL")), "{module} is missing in statements.rs");
            registered += 1;
        }
        assert!(registered > 1);
    }

    fn sources(dir: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, files);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_table_has_two_unique_indexes_over_the_same_columns() {
        // SQLite tells which columns were not unique; only so does that tell which index.
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(StoreConfig::new(dir.path(), NOW)).await.unwrap();
        let text = "SELECT t.name, l.name, group_concat(i.name) FROM sqlite_schema t, pragma_index_list(t.name) l, \
            pragma_index_info(l.name) i WHERE t.type = 'table' AND l.\"unique\" GROUP BY t.name, l.name";
        let rows = store.identity().read(move |tx| tx.query_text(text, &params![])).await.unwrap();
        let mut seen = HashMap::new();
        for mut row in rows {
            let (table, index): (String, String) = (row.take().unwrap(), row.take().unwrap());
            // An index over an expression has no columns and is told by its name.
            if let Some(columns) = row.take::<Option<String>>().unwrap() {
                let twin = seen.insert((table.clone(), columns), index.clone());
                assert_eq!(twin, None, "{table}: the twin of {index}");
            }
        }
        assert!(!seen.is_empty());
    }
}
