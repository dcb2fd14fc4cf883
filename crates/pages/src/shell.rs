//! What all pages share: brand, person, and the headers of a page.

use avnology_core::{Tenant, sessions::LiveSession};
use avnology_http::{Access, Auth, Page, Reply, Response, SetCookie};
use avnology_model::identities::Identity;
use avnology_views::{Brand, Person};

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

/// The same response with cookies.
pub(crate) fn with_cookies(mut response: Response, set: Vec<SetCookie>) -> Response {
    for cookie in set {
        response = response.with_cookie(cookie).respond();
    }
    response
}

fn with_images<A: Access>(auth: &Auth<A>, page: Page) -> Page {
    let avatar = auth.caller.session().and_then(|live| live.identity.avatar_url.as_deref());
    // An uploaded picture is ours, which the policy allows already.
    let ours = format!("{}/", auth.app.config.origin());
    let avatar = avatar.filter(|url| !url.starts_with(&ours));
    let origin = avatar.and_then(|url| url.split('/').nth(2).map(|host| format!("https://{host}")));
    match origin {
        Some(origin) => page.img_src(&origin),
        None => page,
    }
}
