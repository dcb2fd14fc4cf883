//! Pictures that people upload (`contract/10` §5).

use avnology_model::{Code, Error, Result, identities::Identity, ids::IdentityId, secret_token::sha256};
use avnology_store::{
    IdentityTx,
    identities::{
        avatars::{self, StoredAvatar},
        identities,
    },
    sessions::sessions,
};

use super::{IdentityView, update::save};
use crate::{Cx, Tenant, hex, sessions::LiveSession};

/// Most bytes of a picture.
pub const AVATAR_BYTES: usize = 2 * 1024 * 1024;

/// Media types of pictures.
const TYPES: [&str; 3] = ["image/png", "image/jpeg", "image/webp"];

/// A picture as it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Media type.
    pub content_type: String,
    /// The file as it was uploaded.
    pub bytes: Vec<u8>,
}

/// The media type of a picture, by how the file begins: what the client says of it counts for nothing.
fn sniff(file: &[u8]) -> Option<&'static str> {
    let [png, jpeg, webp] = TYPES;
    if file.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some(png);
    }
    if file.starts_with(b"\xff\xd8\xff") {
        return Some(jpeg);
    }
    // Four bytes of length stand between the two words.
    (file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP")).then_some(webp)
}

/// Sets the caller's picture to an uploaded file, instead of the one there was. `_906` above [`AVATAR_BYTES`], `_907` for
/// what is no PNG, JPEG or WebP.
pub async fn set(app: &Tenant, cx: &Cx, live: &LiveSession, file: Vec<u8>) -> Result<IdentityView> {
    if file.len() > AVATAR_BYTES {
        return Err(Error::new(Code::PayloadTooLarge).with_member("limit_bytes", AVATAR_BYTES));
    }
    let Some(content_type) = sniff(&file) else {
        return Err(Error::new(Code::UnsupportedMediaType).with_member("supported", TYPES.to_vec()));
    };
    let id = live.identity.id;
    let hash = hex(sha256(&file).get(..8).unwrap_or_default());
    let url = format!("{}/assets/avatars/{id}/{hash}", app.config.origin());
    let avatar = StoredAvatar { content_type: content_type.to_owned(), bytes: file };
    change(app, cx, id, move |tx, cx, identity| {
        let before = identity.clone();
        identity.avatar_url = Some(url.clone());
        save(tx, cx, &before, identity)?;
        avatars::put(tx, id, &hash, &avatar, cx.now)
    })
    .await
}

/// Removes the caller's picture, wherever it is.
pub async fn remove(app: &Tenant, cx: &Cx, live: &LiveSession) -> Result<IdentityView> {
    change(app, cx, live.identity.id, |tx, cx, identity| {
        let before = identity.clone();
        identity.avatar_url = None;
        save(tx, cx, &before, identity)
    })
    .await
}

async fn change<F>(app: &Tenant, cx: &Cx, id: IdentityId, change: F) -> Result<IdentityView>
where
    F: Fn(&mut IdentityTx<'_>, &Cx, &mut Identity) -> Result<()> + Send + 'static,
{
    let cx = cx.clone();
    let (view, hashes) = app
        .store
        .identity()
        .write(move |tx| {
            let mut identity = identities::get(tx, id)?;
            change(tx, &cx, &mut identity)?;
            Ok((IdentityView::for_itself(&identity, cx.now), sessions::token_hashes_of(tx, id)?))
        })
        .await?;
    app.sessions.forget(&hashes);
    Ok(view)
}

/// The uploaded picture of an identity with this hash, for anyone. `_901` when there is none, or another by now.
pub async fn picture(app: &Tenant, id: IdentityId, hash: String) -> Result<Picture> {
    let found = app.store.identity().read(move |tx| avatars::find(tx, id, &hash)).await?;
    let StoredAvatar { content_type, bytes } = found.ok_or_else(Error::not_found)?;
    Ok(Picture { content_type, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_how_they_begin() {
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n\0\0"), Some("image/png"));
        assert_eq!(sniff(b"\xff\xd8\xff\xe0\0"), Some("image/jpeg"));
        assert_eq!(sniff(b"RIFF\x01\x02\x03\x04WEBPVP8 "), Some("image/webp"));
        for other in [&b""[..], b"\x89PNG", b"RIFF\x01\x02\x03\x04WAVE", b"<svg xmlns=", b"GIF89a"] {
            assert_eq!(sniff(other), None, "{other:?}");
        }
    }
}
