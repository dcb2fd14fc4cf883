//! Account pages about the person: overview and profile.

mod factor_recovery;
mod overview;
mod profile;

pub use factor_recovery::{FactorRecoveryNotice, FactorsKept, KeepFactors, KeepFactorsUsed};
pub use overview::{Overview, RecentSignIn};
pub use profile::{Picture, PictureError, Profile};
