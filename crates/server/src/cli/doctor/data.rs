//! The database, its clock, and the keys that open what is sealed in it.

use std::sync::Arc;

use avnology_core::{
    Clock as _, Cx, OsEntropy, SystemClock,
    platform::{Keys, MasterKeys},
};
use avnology_store::{Engine, Store, platform::clock};

use super::{finding::Finding, network};
use crate::{
    config::{Config, EncryptionKeys},
    wiring,
};

/// More than this between our clock and the database's, and times of several servers contradict each other.
const MOST_SKEW_MILLIS: i64 = 2_000;

/// Whether the database can be used, and by this encryption key.
pub(super) async fn database(config: &Config) -> Vec<Finding> {
    let is_new = config.database_url.is_none() && !config.data_dir.join("identity.db").exists();
    if is_new {
        let found = format!("{}: not there yet, made at the first start", config.database());
        return vec![Finding::ok("database", found), new_key(config)];
    }
    let opened = Store::open(wiring::store_config(config, SystemClock.now(), false)).await;
    let store = match opened {
        Ok(store) => store,
        Err(_) if config.database_url.is_none() && network::is_ours(config.listen).await => {
            let found =
                format!("{}: in use by a running Avnology ID, which says it is well", config.database());
            return vec![Finding::ok("database", found)];
        }
        Err(e) => {
            let remedy = "check database_url and data_dir; `avnology db migrate` applies pending migrations";
            return vec![Finding::fail("database", super::super::Failure::from(e).to_string(), remedy)];
        }
    };
    let mut findings = vec![answers(config, &store).await];
    if store.engine() == Engine::Postgres {
        findings.push(skew(&store).await);
    }
    findings.push(keys(config, &store).await);
    if let Err(e) = store.close().await {
        findings.push(Finding::warn(
            "database",
            format!("it did not close well ({e:?})"),
            "look at the log of the server",
        ));
    }
    findings
}

async fn answers(config: &Config, store: &Store) -> Finding {
    match store.ping().await {
        Ok(()) => {
            Finding::ok("database", format!("{}: migrated, answers, can be written", config.database()))
        }
        Err(e) => Finding::fail(
            "database",
            format!("{}: {e:?}", config.database()),
            "check that our user may write to it",
        ),
    }
}

async fn skew(store: &Store) -> Finding {
    let before = SystemClock.now();
    let theirs = match store.identity().read(clock::now).await {
        Ok(theirs) => theirs,
        Err(e) => return Finding::warn("database clock", format!("{e:?}"), "compare the clocks by hand"),
    };
    let after = SystemClock.now();
    // Their time was read somewhere in between; only what lies outside is certain to be wrong.
    let millis = (theirs.millis() - after.millis()).max(before.millis() - theirs.millis()).max(0);
    if millis > MOST_SKEW_MILLIS {
        let remedy = "run a time service (chrony, systemd-timesyncd) on both machines";
        return Finding::warn("database clock", format!("{millis} ms off ours"), remedy);
    }
    Finding::ok("database clock", "agrees with ours")
}

/// The key of a database that is still to be made.
fn new_key(config: &Config) -> Finding {
    match &config.encryption_keys {
        EncryptionKeys::Given(keys) => Finding::ok("encryption key", format!("{} given", keys.len())),
        EncryptionKeys::InFile(path) => {
            Finding::ok("encryption key", format!("in {}, made when missing", path.display()))
        }
    }
}

/// Whether the encryption key opens the database's data keys.
async fn keys(config: &Config, store: &Store) -> Finding {
    let remedy = "set encryption_key to the key that this database was made with (several: newest first)";
    if let EncryptionKeys::InFile(path) = &config.encryption_keys
        && !path.exists()
    {
        return Finding::fail(
            "encryption key",
            format!("{} is gone, and the database is not", path.display()),
            remedy,
        );
    }
    let masters = config.encryption_keys.load(&OsEntropy).map_err(|e| e.to_string());
    let masters = masters.and_then(|keys| MasterKeys::new(&keys).map_err(|e| e.to_string()));
    let masters = match masters {
        Ok(masters) => masters,
        Err(e) => return Finding::fail("encryption key", e, remedy),
    };
    let cx = Cx::system(SystemClock.now(), Arc::new(OsEntropy));
    match Keys::load(store, masters, &cx).await {
        Ok(_) => Finding::ok("encryption key", "fits the database"),
        Err(e) => Finding::fail("encryption key", super::super::Failure::from(e).to_string(), remedy),
    }
}
