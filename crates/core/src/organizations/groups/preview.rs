//! Whom a rule would put into a group, before it does.

use avnology_model::Result;
use avnology_store::{IdentityTx, identities::identities, organizations::memberships};

use super::{
    super::{Acting, members, members::MemberView},
    rule::Rule,
};
use crate::Tenant;

/// How many members are tried, and how many of them at a time.
const TRIED: usize = 2_000;
const BATCH: u32 = 500;
/// How many of those who fit are named.
const NAMED: usize = 10;

/// What a rule says of the members as they are.
#[derive(Clone, Debug)]
pub struct RulePreview {
    /// The first of those who fit.
    pub members: Vec<MemberView>,
    /// How many of those who were tried fit.
    pub count: usize,
    /// How many members were tried.
    pub tried: usize,
    /// Whether that was everybody.
    pub is_whole: bool,
}

/// Tries a rule on members of the organization and changes nothing. `_902` for a rule that cannot be read.
pub async fn preview(app: &Tenant, acting: &Acting, rule: &str) -> Result<RulePreview> {
    let (id, rule) = (acting.id(), Rule::parse(rule)?);
    let read = move |tx: &mut IdentityTx<'_>| {
        let mut preview = RulePreview { members: Vec::new(), count: 0, tried: 0, is_whole: false };
        let mut after = String::new();
        while preview.tried < TRIED {
            let batch = memberships::batch(tx, id, &after, BATCH)?;
            for membership in &batch {
                let Some(identity) = identities::find(tx, membership.identity_id)? else { continue };
                if !rule.matches(&identity, membership) {
                    continue;
                }
                preview.count += 1;
                if preview.members.len() < NAMED {
                    preview.members.push(members::view(tx, membership)?);
                }
            }
            preview.tried += batch.len();
            match batch.last() {
                Some(last) if batch.len() == usize::try_from(BATCH).unwrap_or(usize::MAX) => {
                    after = last.id.to_string();
                }
                _ => {
                    preview.is_whole = true;
                    break;
                }
            }
        }
        Ok(preview)
    };
    app.store.identity().scan(read).await
}
