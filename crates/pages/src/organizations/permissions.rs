//! `/organizations/{id}/permissions`: who has access to something, and why.

use avnology_core::{
    identities::PageKey,
    permissions::{
        Asker,
        access::{self, AccessChoices, AccessQuestion, Everybody, Holders, Verdict, Who, Why},
    },
};
use avnology_http::{Auth, List, PageInOrganization, Response, Route, scopes};
use avnology_model::{Error, Result};
use avnology_views::{
    Person,
    organizations::{
        Access, AccessFields, AccessFound, AccessHolder, AccessNamespace, AccessWay, HolderCard, refusal,
    },
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    members::paging,
};

type Reader = Auth<PageInOrganization<scopes::PermissionsRead>>;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Asked {
    namespace: String,
    object: String,
    relation: String,
    subject: String,
}

impl Asked {
    fn question(&self) -> AccessQuestion {
        let Self { namespace, object, relation, subject } = self.clone();
        AccessQuestion { namespace, object, relation, subject }
    }

    fn shown(&self) -> AccessFields {
        let Self { namespace, object, relation, subject } = self.clone();
        AccessFields { namespace, object, relation, subject }
    }

    /// Whether everything is there that a question needs, or at least somebody pressed the button.
    fn is_question(&self) -> bool {
        !self.object.trim().is_empty() || !self.subject.trim().is_empty()
    }
}

enum Found {
    Holders(Holders),
    Verdict(Verdict),
}

async fn show(auth: Reader, list: List<Asked>) -> Result<Response> {
    let acting = auth.acting()?;
    let mut place = Place::of(&auth).await?;
    let asker = Asker::new(Some(acting), acting.scopes, Some(auth.session().identity.id));
    let fields = &list.query;
    let choices = access::choices(&auth.app, &auth.cx, &asker, fields.namespace.trim()).await?;
    let (found, status) = match find(&auth, &asker, &list).await {
        Ok(found) => (found, 200),
        Err(error) if error.is_failure() => return Err(error),
        Err(error) => {
            place.refusals = refusal(&error);
            (None, error.code().status())
        }
    };
    let next = match &found {
        Some(Found::Holders(holders)) => holders.next.clone(),
        _ => None,
    };
    let html = Access {
        frame: place.frame(),
        fields: &fields.shown(),
        namespaces: &namespaces(&choices),
        objects: &choices.objects,
        found: found.as_ref().map(drawn).as_ref(),
        paging: &paging(&auth, &list, next.map(|last| vec![PageKey::Text(last)])),
    }
    .render();
    Ok(answer(&auth, html, status))
}

async fn find(auth: &Reader, asker: &Asker, list: &List<Asked>) -> Result<Option<Found>> {
    let fields = &list.query;
    if !fields.is_question() {
        return Ok(None);
    }
    let question = fields.question();
    if !question.subject.trim().is_empty() {
        let verdict = access::whether(&auth.app, &auth.cx, asker, &question).await?;
        return Ok(Some(Found::Verdict(verdict)));
    }
    let after = match list.position.as_deref() {
        None => None,
        Some([PageKey::Text(key)]) => Some(key.as_str()),
        Some(_) => return Err(Error::not_found()),
    };
    let holders = access::who_has(&auth.app, &auth.cx, asker, &question, (after, list.page_size)).await?;
    Ok(Some(Found::Holders(holders)))
}

fn namespaces(choices: &AccessChoices) -> Vec<AccessNamespace> {
    let shown = choices.namespaces.iter().map(|namespace| AccessNamespace {
        name: namespace.name.clone(),
        built_in: namespace.built_in,
        relations: namespace.relations.clone(),
    });
    shown.collect()
}

fn drawn(found: &Found) -> AccessFound {
    match found {
        Found::Holders(found) => AccessFound::Holders {
            of: found.of.clone(),
            relation: found.relation.clone(),
            rows: found
                .holders
                .iter()
                .map(|holder| AccessHolder { card: card(&holder.who), way: way(&holder.why) })
                .collect(),
            people: found.people,
            programs: found.programs,
            everybody: found.everybody.as_ref().map(|everybody| {
                let Everybody { why, excepted, except } = everybody;
                (way(why), *excepted, except.iter().map(card).collect())
            }),
        },
        Found::Verdict(found) => AccessFound::Verdict {
            of: found.of.clone(),
            relation: found.relation.clone(),
            card: card(&found.who),
            allowed: found.allowed,
            way: way(&found.why),
            looked: found.looked.clone(),
        },
    }
}

fn card(who: &Who) -> HolderCard {
    let person = who.member.as_ref().map(|card| Person {
        id: card.id,
        name: card.display_name.clone(),
        email: card.email.clone(),
        avatar_url: card.avatar_url.clone(),
    });
    HolderCard { thing: who.thing.clone(), person, state: who.state }
}

fn way(why: &Why) -> AccessWay {
    match why {
        Why::Known(reasons) => AccessWay::Known(reasons.clone()),
        Why::TooFar(_) => AccessWay::TooFar,
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/organizations/{id}/permissions", show).answers_html(200)]
}
