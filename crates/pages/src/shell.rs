//! What all pages share: brand, person, and the headers of a page.

use avnology_core::{
    Tenant,
    identities::{StartedBy, own_factor_recovery},
    organizations,
    sessions::LiveSession,
};
use avnology_http::{Access, Auth, Page, Reply, Response, SetCookie, csrf, held_elsewhere};
use avnology_model::{
    Result, Timestamp, clients::ClientAbout, flows::FlowView, identities::Identity, ids::OrganizationId,
};
use avnology_views::{
    Brand, Context, Person,
    identities::FactorRecoveryNotice,
    organizations::{Home, SwitchChoice, Switcher},
};

/// What stands around the content of account and organization pages.
pub(crate) struct Shell {
    brand: Brand,
    switcher: Option<Switcher>,
    factor_recovery: Option<FactorRecoveryNotice>,
    now: Timestamp,
}

impl Shell {
    /// What pages are told.
    pub(crate) fn cx(&self) -> Context<'_> {
        Context::english(&self.brand, self.now)
            .with_switcher(self.switcher.as_ref())
            .with_factor_recovery(self.factor_recovery.as_ref())
    }

    /// The caller's organizations by name, where the page is one of an organization: personal ones do not name them.
    pub(crate) fn named_organization(&self, id: OrganizationId) -> Option<&str> {
        let choices = &self.switcher.as_ref()?.choices;
        choices.iter().find(|choice| choice.is_current)?;
        choices.iter().find(|choice| choice.home.id == id).map(|choice| choice.home.name.as_str())
    }

    /// Whether the caller belongs to organizations: to others the word does not occur.
    pub(crate) fn has_organizations(&self) -> bool {
        self.switcher.is_some()
    }
}

/// The shell for the caller: with a switcher for people who belong to organizations.
pub(crate) async fn shell<A: Access>(auth: &Auth<A>) -> Result<Shell> {
    let mut shell =
        Shell { brand: brand(&auth.app), switcher: None, factor_recovery: None, now: auth.cx.now };
    let Some(live) = auth.caller.session() else { return Ok(shell) };
    let recovery = own_factor_recovery(&auth.app, &auth.cx, live).await?;
    shell.factor_recovery = recovery.map(|recovery| FactorRecoveryNotice {
        effective_at: recovery.effective_time,
        by_administrator: recovery.started_by == StartedBy::Administrator,
        csrf_token: csrf::page_token(&auth.app, live.id()),
    });
    let Some(choices) = organizations::choices(&auth.app, &auth.cx, live).await? else { return Ok(shell) };
    let current = auth.organization_scope().map(|acting| acting.id());
    let elsewhere = organizations::name_choices(&auth.app, &auth.cx, &held_elsewhere(auth)).await?;
    let choice = |choice: organizations::Choice| SwitchChoice {
        is_current: current == Some(choice.id),
        home: home(choice),
    };
    shell.switcher = Some(Switcher {
        choices: choices.into_iter().map(choice).collect(),
        elsewhere: elsewhere.into_iter().map(home).collect(),
        // In a strict tenant an account is its organization's and nobody's own.
        has_personal: !auth.app.is_strict(),
        may_create: organizations::may_create(&auth.app, live),
        csrf_token: csrf::page_token(&auth.app, live.id()),
    });
    Ok(shell)
}

fn home(choice: organizations::Choice) -> Home {
    Home { id: choice.id, name: choice.name, slug: choice.slug.to_string() }
}

/// Name and addresses of the tenant.
pub(crate) fn brand(app: &Tenant) -> Brand {
    let settings = app.settings();
    let mut brand = Brand::named(settings.settings.name.clone());
    brand.support_email.clone_from(&settings.settings.support_email);
    brand
}

/// The person whose session this is.
pub(crate) fn person(live: &LiveSession) -> Person {
    person_of(&live.identity)
}

/// A person as pages show them.
pub(crate) fn person_of(identity: &Identity) -> Person {
    Person {
        id: identity.id,
        name: identity.display_name(),
        email: identity.email.clone(),
        avatar_url: identity.avatar_url.clone(),
    }
}

/// A page of the account.
pub(crate) fn page<A: Access>(auth: &Auth<A>, html: String) -> Response {
    with_images(auth, Page::new(html, auth.nonce())).respond()
}

/// A page of the sign-in family: its submit may end at another origin, and an application may have opened it.
pub(crate) fn entry_page<A: Access>(
    auth: &Auth<A>,
    html: String,
    status: u16,
    set: Vec<SetCookie>,
) -> Response {
    let page = Page::new(html, auth.nonce()).status(status).open_form_action().open_opener();
    with_cookies(with_images(auth, page).respond(), set)
}

/// The same about a client, with its picture.
pub(crate) fn client_page<A: Access>(
    auth: &Auth<A>,
    html: String,
    status: u16,
    set: Vec<SetCookie>,
    client: &ClientAbout,
) -> Response {
    let page = Page::new(html, auth.nonce()).status(status).open_form_action().open_opener();
    let page = with_image(auth, page, client.logo_uri.as_deref());
    with_cookies(with_images(auth, page).respond(), set)
}

/// The page of a flow, with the picture of its client: where it shows a CAPTCHA, what that loads is allowed.
pub(crate) fn flow_page<A: Access>(auth: &Auth<A>, flow: &FlowView, html: String) -> Response {
    let mut page = Page::new(html, auth.nonce()).open_form_action().open_opener();
    if let Some(captcha) = flow.ui.nodes.iter().find_map(|node| node.attributes.captcha.as_ref()) {
        page = page.captcha_src(&auth.app.captcha.widget(captcha.provider).sources);
    }
    let logo = flow.client.as_ref().and_then(|client| client.get("logo_url")?.as_str());
    with_images(auth, with_image(auth, page, logo)).respond()
}

/// The same response with cookies.
pub(crate) fn with_cookies(mut response: Response, set: Vec<SetCookie>) -> Response {
    for cookie in set {
        response = response.with_cookie(cookie).respond();
    }
    response
}

/// The picture of whoever is signed in may be elsewhere.
fn with_images<A: Access>(auth: &Auth<A>, page: Page) -> Page {
    let avatar = auth.caller.session().and_then(|live| live.identity.avatar_url.as_deref());
    with_image(auth, page, avatar)
}

fn with_image<A: Access>(auth: &Auth<A>, page: Page, url: Option<&str>) -> Page {
    // An uploaded picture is ours, which the policy allows already.
    let ours = format!("{}/", auth.app.config.origin());
    let url = url.filter(|url| !url.starts_with(&ours));
    let origin = url.and_then(|url| url.split('/').nth(2).map(|host| format!("https://{host}")));
    match origin {
        Some(origin) => page.img_src(&origin),
        None => page,
    }
}
