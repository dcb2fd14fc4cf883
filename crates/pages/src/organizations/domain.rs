//! `/organizations/{id}/domains/{domain}`.

use avnology_core::organizations::{self, DomainChange, DomainView};
use avnology_http::{Form, Path1, Query, Response, Route, csrf};
use avnology_model::{Code, Error, Result, ids::DomainId, organizations::DomainStatus, permissions::RoleKey};
use avnology_views::organizations::{DomainPage, Proof, Removal, Thing, refusal};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    domains::Keeper,
    frame::{Place, answer},
    members::pairs,
    outcome,
};

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    /// Asks whether to remove it.
    remove: bool,
    done: Option<String>,
    failed: Option<String>,
}

const DONE: &[(&str, &str)] = &[
    ("added", "The domain was added. One step is left: prove that it is yours."),
    ("verified", "The record is there, so the domain is proven. What it is good for holds from now on."),
    ("saved", "The domain was saved. It is in force."),
];

async fn show(auth: Keeper, (Path1(id), Query(q)): (Path1<DomainId>, Query<Params>)) -> Result<Response> {
    let view = organizations::get_domain(&auth.app, auth.acting()?, id).await?;
    let mut place = Place::of(&auth).await?;
    if q.remove {
        return Ok(answer(&auth, question(&place, &view), 200));
    }
    place.notice = outcome::notice(q.done.as_deref(), DONE);
    place.refusals = outcome::refusals(q.failed.as_deref());
    draw(&auth, &place, &view, None, 200)
}

fn url(place: &Place, view: &DomainView) -> String {
    place.url(&format!("/domains/{}", view.id))
}

fn question(place: &Place, view: &DomainView) -> String {
    let mut consequences = vec![
        "Members who came by it stay members.".to_owned(),
        "Another organization can prove it. To have it back here, add it again with a new record.".to_owned(),
    ];
    if view.status == DomainStatus::Verified {
        consequences.insert(0, "Nobody joins by this domain any more.".to_owned());
        consequences.insert(1, "Addresses at it lead to the usual sign-in.".to_owned());
    }
    Removal {
        frame: place.frame(),
        thing: Thing::Domain,
        name: &view.domain,
        url: &url(place, view),
        etag: "",
        consequences: &consequences,
    }
    .render()
}

fn draw(
    auth: &Keeper,
    place: &Place,
    view: &DomainView,
    found: Option<&[String]>,
    status: u16,
) -> Result<Response> {
    let acting = auth.acting()?;
    let organization = &acting.organization;
    let role = view.default_role.as_ref();
    let mut roles = pairs(organizations::roles_assignable_by_default(acting));
    // What it is now can stay, whoever may give it.
    if let Some(role) = role.filter(|role| !roles.iter().any(|(key, _)| key == role.as_str())) {
        roles.push((role.to_string(), organization.role_name(role)));
    }
    let html = DomainPage {
        frame: place.frame(),
        domain: &view.domain,
        url: &url(place, view),
        proof: Proof {
            status: view.status,
            name: &view.txt_record.name,
            value: &view.txt_record.value,
            verified_at: view.verified_at,
            last_checked_at: view.last_checked_at,
            next_check_at: view.next_check_at,
            found,
        },
        auto_join: view.auto_join,
        sign_in_routing: view.sign_in_routing,
        role: role.map_or("", RoleKey::as_str),
        roles: &roles,
        usual_role: &organization.role_name(&organization.organization.default_role),
        registration_mode: organization.organization.registration_mode,
    }
    .render();
    Ok(answer(auth, html, status))
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    action: String,
    auto_join: bool,
    sign_in_routing: bool,
    default_role: String,
}

async fn act(auth: Keeper, (Path1(id), form): (Path1<DomainId>, Form<Fields>)) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let acting = auth.acting()?;
    let list = format!("/organizations/{}/domains", acting.organization.organization.slug);
    let here = format!("{list}/{id}");
    let fields = form.fields;
    match fields.action.as_str() {
        "verify" => verify(&auth, id, &here).await,
        "save" => match save(&auth, id, fields).await {
            Ok(_) => Ok(outcome::done(&here, "saved")),
            Err(error) => outcome::failed(&here, error),
        },
        "remove" => match organizations::delete_domain(&auth.app, &auth.cx, acting, id).await {
            Ok(()) => Ok(outcome::done(&list, "removed")),
            Err(error) if error.code() == Code::NotFound => Ok(outcome::done(&list, "removed")),
            Err(error) => outcome::failed(&here, error),
        },
        _ => Err(Error::not_found()),
    }
}

async fn save(auth: &Keeper, id: DomainId, fields: Fields) -> Result<DomainView> {
    let acting = auth.acting()?;
    let before = organizations::get_domain(&auth.app, acting, id).await?;
    let role = Some(fields.default_role).filter(|role| !role.is_empty());
    // A role that stays is not given anew.
    let is_same = before.default_role.as_ref().map(RoleKey::as_str) == role.as_deref();
    let change = DomainChange {
        auto_join: Some(Some(fields.auto_join)),
        sign_in_routing: Some(Some(fields.sign_in_routing)),
        default_role: (!is_same).then_some(role),
        connection_id: None,
    };
    organizations::update_domain(&auth.app, &auth.cx, acting, id, change).await
}

async fn verify(auth: &Keeper, id: DomainId, here: &str) -> Result<Response> {
    let acting = auth.acting()?;
    let Err(error) = organizations::verify_domain(&auth.app, &auth.cx, acting, id).await else {
        return Ok(outcome::done(here, "verified"));
    };
    let cannot_ask = error.code() == Code::Unavailable;
    if outcome::is_elsewhere(&error) && !cannot_ask {
        return outcome::failed(here, error);
    }
    let view = organizations::get_domain(&auth.app, acting, id).await?;
    let mut place = Place::of(auth).await?;
    place.refusals = refusal(&error);
    let has_words_of_its_own = error.code() == Code::DomainNotVerified
        && error.detail() != Error::new(Code::DomainNotVerified).detail();
    if has_words_of_its_own {
        for one in &mut place.refusals {
            error.detail().clone_into(&mut one.text);
        }
    }
    if cannot_ask {
        for one in &mut place.refusals {
            "We cannot look into DNS at the moment, so nothing was changed. That says nothing about the domain: check \
             again in a minute."
                .clone_into(&mut one.text);
        }
    }
    let found = error.members().get("found").and_then(|found| found.as_array());
    let found: Option<Vec<String>> =
        found.map(|all| all.iter().filter_map(|one| one.as_str()).map(str::to_owned).collect());
    draw(auth, &place, &view, found.as_deref(), error.code().status())
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/domains/{domain}", show).answers_html(200),
        Route::post("/organizations/{id}/domains/{domain}", act).answers_redirect(303),
    ]
}
