//! A recovery link that an administrator hands over, and the links in a welcome mail and for the first administrator.
//!
//! It opens a recovery flow whose code was sent already: using it proves the address and leads to a new password.

use avnology_model::{
    Code, Error, FieldCode, Result, Timestamp,
    events::EventType,
    flows::{Channel, CodeChallenge, Flow, FlowData, FlowKind, FlowState, Transport},
    identities::{Identity, IdentityState},
    ids::{FlowId, IdentityId},
    secret_token::{SecretKind, SecretToken},
};
use avnology_store::{IdentityTx, flows::flows};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{deletion::require_strong, reach};
use crate::{Cx, Tenant, events::emit, flows::code_hash, sessions::LiveSession};

/// A link for out-of-band delivery.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecoveryLink {
    /// Opens the recovery; works once.
    pub recovery_link: String,
    /// The same as a code for the flow.
    pub recovery_code: String,
    /// The flow.
    #[schema(value_type = String)]
    pub flow_id: FlowId,
    /// Until when both are good.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// What a link is made from, drawn before the transaction.
#[derive(Clone)]
pub(crate) struct Prepared {
    flow_id: FlowId,
    token: SecretToken,
    code: String,
    seconds: i64,
}

impl Prepared {
    pub(crate) fn draw(cx: &Cx, seconds: i64) -> Self {
        let (flow_id, token) = (FlowId::new(cx.now, cx.random()), cx.secret(SecretKind::Link));
        Self { flow_id, token, code: cx.six_digits(), seconds }
    }

    /// Adds the flow; the link.
    pub(crate) fn insert(
        &self,
        tx: &mut IdentityTx<'_>,
        cx: &Cx,
        origin: &str,
        identity: &Identity,
        address: &str,
    ) -> Result<String> {
        self.insert_with_code(tx, cx, identity, address, None, None)?;
        Ok(self.url(origin))
    }

    fn url(&self, origin: &str) -> String {
        format!("{origin}/recovery?flow={}&token={}", self.flow_id, self.token.expose())
    }

    /// The flow.
    pub(super) fn flow_id(&self) -> FlowId {
        self.flow_id
    }

    /// Adds the flow, which its code opens as well as its link; both.
    pub(super) fn insert_for_mail(
        &self,
        tx: &mut IdentityTx<'_>,
        cx: &Cx,
        app: &Tenant,
        identity: &Identity,
        address: &str,
    ) -> Result<(String, &str)> {
        let hash = code_hash(&app.keys, self.flow_id, &self.code);
        self.insert_with_code(tx, cx, identity, address, Some(hash), None)?;
        Ok((self.url(&app.config.origin()), &self.code))
    }

    fn insert_with_code(
        &self,
        tx: &mut IdentityTx<'_>,
        cx: &Cx,
        identity: &Identity,
        address: &str,
        code_hash: Option<[u8; 32]>,
        return_to: Option<String>,
    ) -> Result<()> {
        let expires_at = cx.now.plus_seconds(self.seconds);
        let flow = Flow {
            id: self.flow_id,
            kind: FlowKind::Recovery,
            // Whoever gets the link or the code may use it: no browser began it.
            transport: Transport::Api,
            state: FlowState::SentEmail,
            active: "link".to_owned(),
            issued_at: cx.now,
            expires_at,
            completed_at: None,
            browser_hash: None,
            session_id: None,
            identity_id: None,
            submits: 0,
            code_hash,
            code_tries: 0,
            link_hash: Some(self.token.hash()),
            secret_expires_at: Some(expires_at),
            data: FlowData {
                return_to,
                challenge: Some(CodeChallenge {
                    address: address.to_owned(),
                    identity_id: Some(identity.id),
                    method: "link".to_owned(),
                    channel: Channel::Email,
                    sent_at: cx.now,
                    device: cx.device_name(),
                    place: cx.ip.map(|ip| ip.to_string()),
                }),
                ..FlowData::default()
            },
        };
        flows::insert(tx, &flow)
    }
}

/// Makes a recovery link for an identity; nothing is sent. A person needs a fresh second factor (`_006`). `_003` when
/// the identity is not active.
pub async fn create(
    app: &Tenant,
    cx: &Cx,
    id: IdentityId,
    expires_in_seconds: u32,
    return_to: Option<String>,
    person: Option<&LiveSession>,
) -> Result<RecoveryLink> {
    require_strong(app, cx, person)?;
    if let Some(target) = &return_to
        && crate::flows::resolve_return_to(app, target).is_none()
    {
        return Err(Error::field("return_to", FieldCode::NotAllowed, "This address is not allowed."));
    }
    if !(300..=86_400).contains(&expires_in_seconds) {
        let code = if expires_in_seconds < 300 { FieldCode::TooSmall } else { FieldCode::TooLarge };
        return Err(Error::field("expires_in_seconds", code, "Between 300 and 86400."));
    }
    let prepared = Prepared::draw(cx, i64::from(expires_in_seconds));
    let hash = code_hash(&app.keys, prepared.flow_id, &prepared.code);
    let (job, cx2, answer) = (prepared.clone(), cx.clone(), prepared.url(&app.config.origin()));
    app.store
        .identity()
        .write(move |tx| {
            let identity = reach::manage(tx, &cx2, id)?;
            if identity.state != IdentityState::Active {
                return Err(Error::new(Code::AccountInactive));
            }
            let address = identity.email.clone().unwrap_or_default();
            job.insert_with_code(tx, &cx2, &identity, &address, Some(hash), return_to.clone())?;
            let payload = json!({ "user_id": id });
            emit(tx, &cx2.event(EventType::UserRecoveryLinkCreated, payload).on("identity", &id))
        })
        .await?;
    Ok(RecoveryLink {
        recovery_link: answer,
        recovery_code: prepared.code,
        flow_id: prepared.flow_id,
        expires_at: cx.now.plus_seconds(i64::from(expires_in_seconds)),
    })
}
