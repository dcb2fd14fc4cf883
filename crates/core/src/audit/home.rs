//! Where a log is kept, and whose log a request is about.

use std::sync::Arc;

use avnology_model::{Code, Error, Result, audit::Log, organizations::Feature};
use avnology_store::{IdentityDb, OrgDb, Tx};

use crate::{Tenant, organizations::Acting};

/// The log that a request is about, and in which capacity the caller reads it.
#[derive(Clone, Debug)]
pub struct Place {
    organization: Option<Arc<Acting>>,
}

impl Place {
    /// The log of the organization that the caller acts in.
    pub fn of_organization(acting: &Arc<Acting>) -> Self {
        Self { organization: Some(Arc::clone(acting)) }
    }

    /// The tenant's log.
    pub fn of_tenant() -> Self {
        Self { organization: None }
    }

    /// The log.
    pub fn log(&self) -> Log {
        self.organization.as_ref().map(|acting| acting.id()).into()
    }

    /// `_911` when the feature is off in the organization.
    pub(super) fn check_feature(&self, app: &Tenant, feature: Feature) -> Result<()> {
        self.organization.as_ref().map_or(Ok(()), |acting| acting.check_feature(app, feature))
    }
}

/// The database that holds a log.
#[derive(Clone, Debug)]
pub(super) enum Home {
    Tenant(IdentityDb),
    Organization(OrgDb),
}

/// Opens the database that holds a log. `_912` when it is away.
pub(super) async fn open(app: &Tenant, log: Log) -> Result<Home> {
    let Log::Organization(id) = log else { return Ok(Home::Tenant(app.store.identity().clone())) };
    match app.store.org(id).await {
        Ok(org) => Ok(Home::Organization(org)),
        // The organization is there: that its database is not is nothing that the caller could mend.
        Err(error) if error.code() == Code::NotFound => {
            Err(Error::unavailable(format!("the database of {id} is missing")))
        }
        Err(error) => Err(Error::unavailable(format!("the database of {id}: {error:?}"))),
    }
}

impl Home {
    /// A short read.
    pub(super) async fn read<T, F>(&self, closure: F) -> Result<T>
    where
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        match self {
            Self::Tenant(db) => db.read(move |tx| closure(tx)).await,
            Self::Organization(db) => db.read(move |tx| closure(tx)).await,
        }
    }

    /// A long read.
    pub(super) async fn scan<T, F>(&self, closure: F) -> Result<T>
    where
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        match self {
            Self::Tenant(db) => db.scan(move |tx| closure(tx)).await,
            Self::Organization(db) => db.scan(move |tx| closure(tx)).await,
        }
    }

    /// A change.
    pub(super) async fn write<T, F>(&self, closure: F) -> Result<T>
    where
        F: Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        match self {
            Self::Tenant(db) => db.write(move |tx| closure(tx)).await,
            Self::Organization(db) => db.write(move |tx| closure(tx)).await,
        }
    }
}
