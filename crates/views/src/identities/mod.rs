//! Account pages about the person: overview and profile.

mod overview;
mod profile;

pub use overview::{Overview, RecentSignIn};
pub use profile::{Picture, PictureError, Profile};
