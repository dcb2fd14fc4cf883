//! `POST /v1/sessions:tokenize`: a token made of the session, for an application's backends (`contract/10` §8.5).

use avnology_core::sessions::{self, SessionToken, TokenRequest};
use avnology_http::{Auth, Json, OptionalBody, Route, SignedIn};
use avnology_model::{Code, Result, platform::SessionTokenTemplate};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// What `whoami` can be asked for besides.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WhoamiParams {
    /// The template of a token that the session is to bring along.
    pub(super) tokenize: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct TokenizeRequest {
    /// The template.
    template: String,
    /// One audience of those that the template lists; all when absent.
    audience: Option<String>,
}

impl Default for TokenizeRequest {
    fn default() -> Self {
        Self { template: SessionTokenTemplate::DEFAULT.to_owned(), audience: None }
    }
}

async fn tokenize(
    auth: Auth<SignedIn>,
    OptionalBody(body): OptionalBody<TokenizeRequest>,
) -> Result<Json<SessionToken>> {
    let wanted = TokenRequest { template: body.template, audience: body.audience };
    let acting = auth.organization_scope().map(|acting| &**acting);
    sessions::tokenize(&auth.app, &auth.cx, auth.session(), acting, &wanted).await.map(Json)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/v1/sessions:tokenize", tokenize)
            .operation_id("tokenizeSession")
            .summary("Make a token of the session for one's own backends")
            .tag("sessions")
            .answers::<SessionToken>(200, "The token.")
            .refuses(&[Code::NotFound]),
    ]
}
