//! What people are told of a client.

use super::ClientSettings;

/// A client's name and picture, and where to read about it. All of it is the client's own word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientAbout {
    /// Name.
    pub name: String,
    /// Its picture.
    pub logo_uri: Option<String>,
    /// Its home page.
    pub client_uri: Option<String>,
    /// How it handles data.
    pub policy_uri: Option<String>,
    /// Its terms.
    pub tos_uri: Option<String>,
}

impl From<&ClientSettings> for ClientAbout {
    fn from(settings: &ClientSettings) -> Self {
        Self {
            name: settings.name.clone(),
            logo_uri: settings.logo_uri.clone(),
            client_uri: settings.client_uri.clone(),
            policy_uri: settings.policy_uri.clone(),
            tos_uri: settings.tos_uri.clone(),
        }
    }
}
