//! What can be asked about in an organization.

use std::{collections::BTreeSet, sync::Arc};

use avnology_model::Result;
use avnology_store::list::ListQuery;

use crate::{
    Cx, Tenant,
    organizations::{self, Acting},
    permissions::{Asker, Consistency, Parts, lists::list},
};

/// How many tuples or groups are looked at for objects to suggest.
const SUGGESTED: u32 = 100;

/// A namespace, and what can be asked of its objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceChoice {
    /// Name.
    pub name: String,
    /// Whether it belongs to the product.
    pub built_in: bool,
    /// Relations and permits; of organizations the roles, since others are free.
    pub relations: Vec<String>,
}

/// What can be asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessChoices {
    /// Own namespaces, then the organization and its groups.
    pub namespaces: Vec<NamespaceChoice>,
    /// Some objects of the namespace that was chosen.
    pub objects: Vec<String>,
}

/// What can be asked about, and some objects of a namespace.
pub async fn choices(app: &Arc<Tenant>, cx: &Cx, asker: &Asker, namespace: &str) -> Result<AccessChoices> {
    let acting = asker.acting()?;
    let view = app.permissions.current(app).await?;
    let own = view.snapshot.schema().namespaces().iter().filter(|found| !found.built_in).map(|found| {
        let permits = found.permits.iter().map(|permit| permit.name.to_string());
        let relations = found.relations.iter().map(|relation| relation.name.to_string());
        NamespaceChoice {
            name: found.name.to_string(),
            built_in: false,
            relations: permits.chain(relations).collect(),
        }
    });
    let roles = organizations::named_roles(&acting.organization).into_iter().map(|role| role.key.to_string());
    let of_product = [("organizations", roles.collect()), ("groups", vec!["member".to_owned()])];
    let of_product = of_product.map(|(name, relations)| NamespaceChoice {
        name: name.to_owned(),
        built_in: true,
        relations,
    });
    let namespaces: Vec<NamespaceChoice> = own.chain(of_product).collect();
    let is_known = namespaces.iter().any(|known| known.name == namespace);
    let objects = if is_known { objects(app, cx, asker, acting, namespace).await? } else { Vec::new() };
    Ok(AccessChoices { namespaces, objects })
}

async fn objects(
    app: &Arc<Tenant>,
    cx: &Cx,
    asker: &Asker,
    acting: &Acting,
    namespace: &str,
) -> Result<Vec<String>> {
    match namespace {
        "organizations" => Ok(vec![acting.organization.organization.slug.to_string()]),
        "groups" => {
            let query = ListQuery { page_size: SUGGESTED, ..ListQuery::default() };
            let found = organizations::list_groups(app, acting, query).await?;
            Ok(found.groups.into_iter().map(|group| group.name).collect())
        }
        _ => {
            let parts = Parts { namespace: Some(namespace.to_owned()), ..Parts::default() };
            let consistency = Consistency::default();
            let found = list(app, cx, asker, (&parts, &consistency), (None, SUGGESTED)).await?;
            let objects: BTreeSet<String> = found.permissions.into_iter().map(|tuple| tuple.object).collect();
            Ok(objects.into_iter().collect())
        }
    }
}
