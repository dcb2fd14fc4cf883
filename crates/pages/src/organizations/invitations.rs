//! `/organizations/{id}/invitations`.

use avnology_core::{
    identities::ListQuery,
    organizations::{self, Acting, BatchResult, InvitationSearch, InvitationView, NewInvitation},
};
use avnology_http::{Auth, Form, List, PageInOrganization, Reply, Response, Route, SeeOther, csrf, scopes};
use avnology_model::{Code, Error, Result, ids::InvitationId, organizations::Delivery, permissions::Scope};
use avnology_views::organizations::{Draft, Invitations, InviteLink, Invited, Paging, Refusal, refusal};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    frame::{Place, answer},
    members::{paging, pairs, query_of},
    outcome,
};

type Reader = Auth<PageInOrganization<scopes::MembersRead>>;
type Writer = Auth<PageInOrganization<scopes::MembersWrite>>;

/// Most addresses of one form.
const MOST: usize = 100;

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
struct Params {
    status: String,
    done: Option<String>,
    failed: Option<String>,
}

const DONE: &[(&str, &str)] = &[
    ("created", "Your team is ready. Invite the first people, or do it whenever you like."),
    ("invited", "The invitations are on their way."),
    ("resent", "The invitation was sent again. The former link is void."),
    ("revoked", "The invitation was taken back."),
];

async fn list(auth: Reader, list: List<Params>) -> Result<Response> {
    let acting = auth.acting()?;
    let mut place = Place::of(&auth).await?;
    let q = &list.query;
    let query =
        ListQuery { filter: InvitationSearch { status: q.status.clone() }.filter(), ..query_of(&list) };
    let page = match organizations::list_invitations(&auth.app, &auth.cx, acting, query).await {
        Err(error) if error.code() == Code::ValidationFailed && !q.status.is_empty() => {
            return Ok(SeeOther(place.url("/invitations")).respond());
        }
        found => found?,
    };
    if list.position.is_none() {
        place.notice = outcome::notice(q.done.as_deref(), DONE);
        place.refusals = outcome::refusals(q.failed.as_deref());
    }
    let html = Invitations {
        frame: place.frame(),
        rows: &page.invitations.iter().map(|view| row(acting, view)).collect::<Vec<_>>(),
        status: &q.status,
        paging: &paging(&auth, &list, page.next),
        assignable: &assignable(acting),
        draft: &Draft::default(),
        links: &[],
    }
    .render();
    Ok(answer(&auth, html, 200))
}

fn row(acting: &Acting, view: &InvitationView) -> Invited {
    Invited {
        id: view.id.to_string(),
        email: view.email.clone(),
        role: acting.organization.role_name(&view.role),
        status: view.status,
        is_link: view.delivery == Delivery::Link,
        created_at: view.create_time,
        expires_at: view.expires_at,
    }
}

/// The roles that the caller may offer; none for those who may not invite. The usual one first.
fn assignable(acting: &Acting) -> Vec<(String, String)> {
    if !acting.scopes.contains(Scope::MembersWrite) {
        return Vec::new();
    }
    let mut all = pairs(organizations::assignable_roles(acting));
    all.reverse();
    all
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Fields {
    action: String,
    invitation: String,
    emails: String,
    role: String,
    delivery: String,
    message: String,
}

async fn act(auth: Writer, form: Form<Fields>) -> Result<Response> {
    csrf::check_page(&auth.app, auth.session().id(), form.csrf.as_deref())?;
    let fields = form.fields;
    let acting = auth.acting()?;
    let url = format!("/organizations/{}/invitations", acting.organization.organization.slug);
    let id = fields.invitation.parse::<InvitationId>().map_err(|_| Error::not_found());
    let done = match fields.action.as_str() {
        "invite" => return invite(&auth, fields).await,
        "resend" => match organizations::resend_invitation(&auth.app, &auth.cx, acting, id?).await {
            Ok(view) if view.accept_url.is_some() => return with_links(&auth, &[view]).await,
            Ok(_) => Ok("resent"),
            Err(error) => Err(error),
        },
        "revoke" => {
            organizations::revoke_invitation(&auth.app, &auth.cx, acting, id?).await.map(|_| "revoked")
        }
        _ => return Err(Error::not_found()),
    };
    match done {
        Ok(word) => Ok(outcome::done(&url, word)),
        Err(error) => outcome::failed(&url, error),
    }
}

async fn invite(auth: &Writer, fields: Fields) -> Result<Response> {
    let acting = auth.acting()?;
    let separates = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
    let emails: Vec<&str> = fields.emails.split(separates).filter(|text| !text.is_empty()).collect();
    let draft = Draft {
        emails: fields.emails.clone(),
        role: fields.role.clone(),
        message: fields.message.clone(),
        delivery: fields.delivery.clone(),
    };
    let flaw = match emails.len() {
        0 => Some("Enter at least one address."),
        1..=MOST => None,
        _ => Some("At most 100 addresses at once."),
    };
    if let Some(text) = flaw {
        let refusal = Refusal {
            field: "emails".to_owned(),
            text: text.to_owned(),
            code: Code::ValidationFailed.text().to_owned(),
        };
        return redraw(auth, &draft, vec![refusal], &[]).await;
    }
    let message = Some(fields.message.trim().to_owned()).filter(|text| !text.is_empty());
    let delivery = if fields.delivery == "link" { Delivery::Link } else { Delivery::Email };
    let new = |email: &&str| NewInvitation {
        message: message.clone(),
        delivery: Some(delivery),
        ..NewInvitation::of((*email).to_owned(), Some(fields.role.clone()))
    };
    let made = organizations::invite_all(&auth.app, &auth.cx, acting, emails.iter().map(new).collect()).await;
    settle(auth, draft, made).await
}

/// What became of several invitations: those that were refused stay in the form.
async fn settle(auth: &Writer, mut draft: Draft, made: Vec<BatchResult>) -> Result<Response> {
    let (mut views, mut refused, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for one in made {
        match one.outcome {
            Ok(view) => views.push(view),
            Err(error) if error.is_failure() => return Err(error),
            Err(error) => {
                for mut why in refusal(&error) {
                    if error.code() == Code::AlreadyExists {
                        "This address is invited already. Send that one again instead."
                            .clone_into(&mut why.text);
                    }
                    why.text = format!("{}: {}", one.email, why.text);
                    why.field = if why.field == "message" { why.field } else { "emails".to_owned() };
                    refused.push(why);
                }
                left.push(one.email);
            }
        }
    }
    if refused.is_empty() && views.iter().all(|view| view.accept_url.is_none()) {
        let url = format!("/organizations/{}/invitations", auth.acting()?.organization.organization.slug);
        return Ok(outcome::done(&url, "invited"));
    }
    draft.emails = left.join("\n");
    redraw(auth, &draft, refused, &views).await
}

async fn with_links(auth: &Writer, views: &[InvitationView]) -> Result<Response> {
    redraw(auth, &Draft::default(), Vec::new(), views).await
}

/// The page again, with what was entered and links that are shown this once.
async fn redraw(
    auth: &Writer,
    draft: &Draft,
    refusals: Vec<Refusal>,
    made: &[InvitationView],
) -> Result<Response> {
    let acting = auth.acting()?;
    let status = if refusals.is_empty() { 200 } else { 400 };
    let query =
        ListQuery { filter: None, order_by: Vec::new(), page_size: 25, after: None, include_total: false };
    let page = organizations::list_invitations(&auth.app, &auth.cx, acting, query).await?;
    let mut place = Place::of(auth).await?;
    place.refusals = refusals;
    let link = |view: &InvitationView| {
        view.accept_url.clone().map(|url| InviteLink { email: view.email.clone(), url })
    };
    let html = Invitations {
        frame: place.frame(),
        rows: &page.invitations.iter().map(|view| row(acting, view)).collect::<Vec<_>>(),
        status: "",
        paging: &Paging::default(),
        assignable: &assignable(acting),
        draft,
        links: &made.iter().filter_map(link).collect::<Vec<_>>(),
    }
    .render();
    Ok(answer(auth, html, status))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/organizations/{id}/invitations", list).answers_html(200),
        Route::post("/organizations/{id}/invitations", act).answers_redirect(303),
    ]
}
