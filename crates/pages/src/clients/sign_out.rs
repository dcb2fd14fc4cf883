//! `/oauth2/logout`.

use avnology_core::{
    clients::{self, SignOut},
    sessions,
};
use avnology_http::{
    Auth, Bucket, Form, NoInput, ProtocolForm, Public, Reply, Response, Route, SeeOther, Visitor, csrf,
    drop_session,
};
use avnology_model::Result;
use avnology_oauth::{
    Params,
    end_session::{After, Next},
};
use avnology_views::{
    Context,
    clients::{ClientSignOut, ClientSignedOut},
};
use serde::Deserialize;

use super::refused;
use crate::shell::{brand, entry_page, person, with_cookies};

/// The parameters that the page of confirmation sends along.
const PARAMETERS: [&str; 5] =
    ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint"];

async fn show(auth: Auth<Visitor>, _: NoInput) -> Result<Response> {
    let params = match Params::parse(auth.uri.query().unwrap_or_default().as_bytes()) {
        Ok(params) => params,
        Err(error) => return Ok(refused(&auth, &error)),
    };
    answer(&auth, &params, false).await
}

/// A request that was posted goes on by GET: from another site no cookie of ours came along.
async fn post(auth: Auth<Public>, form: ProtocolForm) -> Result<Response> {
    match Params::parse(&form.0) {
        Ok(params) => Ok(SeeOther(format!("/oauth2/logout?{}", params.to_query())).respond()),
        Err(error) => Ok(refused(&auth, &error)),
    }
}

async fn answer(auth: &Auth<Visitor>, params: &Params, agreed: bool) -> Result<Response> {
    let live = auth.visitor();
    let judged = clients::end_session(&auth.app, &auth.cx, params, live.map(|live| &**live)).await?;
    let SignOut { next, client } = match judged {
        Ok(judged) => judged,
        Err(error) => return Ok(refused(auth, &error)),
    };
    match (next, live) {
        (Next::Confirm(_), Some(live)) if !agreed => {
            let brand = brand(&auth.app);
            let sent = PARAMETERS
                .into_iter()
                .filter_map(|name| params.get(name).map(|value| (name.to_owned(), value.to_owned())));
            let html = ClientSignOut {
                cx: Context::english(&brand, auth.cx.now),
                person: &person(live),
                client: client.as_deref(),
                action: "/oauth2/logout/confirm",
                csrf_token: &csrf::page_token(&auth.app, live.id()),
                parameters: &sent.collect::<Vec<_>>(),
            }
            .render();
            Ok(entry_page(auth, html, 200, Vec::new()))
        }
        (Next::End(after) | Next::Confirm(after), Some(live)) => {
            sessions::logout(&auth.app, &auth.cx, live).await?;
            Ok(with_cookies(go(auth, after), drop_session(auth)))
        }
        (Next::End(after) | Next::Confirm(after) | Next::Nothing(after), _) => Ok(go(auth, after)),
    }
}

fn go(auth: &Auth<Visitor>, after: After) -> Response {
    match after {
        After::Redirect(url) => SeeOther(url).respond(),
        After::SignedOut => {
            let brand = brand(&auth.app);
            let html = ClientSignedOut { cx: Context::english(&brand, auth.cx.now) }.render();
            entry_page(auth, html, 200, Vec::new())
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Agreed {
    id_token_hint: String,
    client_id: String,
    post_logout_redirect_uri: String,
    state: String,
    logout_hint: String,
}

/// The person agrees on our own page.
async fn confirm(auth: Auth<Visitor>, form: Form<Agreed>) -> Result<Response> {
    if let Some(live) = auth.visitor() {
        csrf::check_page(&auth.app, live.id(), form.csrf.as_deref())?;
    }
    let fields = form.fields;
    let sent = [
        fields.id_token_hint,
        fields.client_id,
        fields.post_logout_redirect_uri,
        fields.state,
        fields.logout_hint,
    ];
    let pairs = PARAMETERS.into_iter().zip(sent).map(|(name, value)| (name.to_owned(), value));
    answer(&auth, &Params::from_pairs(pairs.collect()), true).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/oauth2/logout", show).limited(Bucket::IpAuth).answers_html(200),
        Route::post("/oauth2/logout", post).limited(Bucket::IpAuth).answers_redirect(303),
        Route::post("/oauth2/logout/confirm", confirm).answers_redirect(303),
    ]
}
