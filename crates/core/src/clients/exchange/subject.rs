//! What is exchanged: an access token, or a session.

use std::sync::Arc;

use avnology_model::{
    Result,
    clients::{GrantedRights, OrganizationSelection},
    sessions::SessionKind,
};
use avnology_oauth::{Scopes, token_request::Exchange};
use avnology_store::permissions::tuples;

use super::{
    super::{LiveClient, Refusal, authorize::facts_of},
    OfPerson, Subject, Who, good, grant_until, unacceptable,
};
use crate::{Cx, Tenant, sessions};

/// Whom an access token speaks of. The result stands on the same grant, and ends with it.
pub(super) async fn of_token(app: &Arc<Tenant>, cx: &Cx, asked: &Exchange) -> Result<Subject, Refusal> {
    let token = good(app, cx, &asked.subject_token, "subject_token is not good").await?;
    let said = &token.known.said;
    let scopes = Scopes::of(said.scope.split(' '));
    let (organization, act, end) = (said.organization, said.act.clone(), said.expires_at);
    let who = match token.known.person.clone() {
        None => Who::Program(token.known.claims()?),
        Some((grant, identity)) => {
            let id = identity.id;
            let platform = app.store.identity().read(move |tx| tuples::platform_role(tx, id)).await?;
            Who::Person(Box::new(OfPerson { identity, platform, grant, is_new: false, organization }))
        }
    };
    Ok(Subject { who, scopes, act, end })
}

/// Whom a session is of. The result stands on a grant of its own, and ends with the session.
pub(super) async fn of_session(
    app: &Arc<Tenant>,
    cx: &Cx,
    live: &LiveClient,
    asked: &Exchange,
) -> Result<Subject, Refusal> {
    let session = match sessions::authenticate(app, cx, &asked.subject_token).await {
        Err(error) if !error.is_failure() => return Err(unacceptable("subject_token is not good")),
        found => found?,
    };
    if session.session.kind != SessionKind::Standard {
        return Err(unacceptable("subject_token is good for a new password alone"));
    }
    let begin = live.issues_at(cx.now);
    let end = begin.plus_seconds(i64::from(live.client.settings.access_token_ttl_seconds));
    let end = end.min(session.session.expires_at);
    let wants_none = live.client.settings.organization_selection == OrganizationSelection::None;
    let organization = session.session.organization_id.filter(|_| !wants_none);
    let rights = GrantedRights {
        scopes: live.rules.scopes.iter().map(str::to_owned).collect(),
        resources: asked.audiences.clone(),
        dpop_jkt: None,
        id_token_claims: Vec::new(),
        userinfo_claims: Vec::new(),
        signed_in: facts_of(&session),
    };
    let whose = (session.identity.id, session.id(), organization);
    let grant = grant_until(cx, live, end, whose, rights);
    let person = OfPerson {
        identity: session.identity.clone(),
        platform: session.role,
        grant,
        is_new: true,
        organization,
    };
    // A session has every scope of its person's role; which of them is for the role to say.
    Ok(Subject {
        who: Who::Person(Box::new(person)),
        scopes: live.rules.scopes.clone(),
        act: None,
        end: end.seconds(),
    })
}
