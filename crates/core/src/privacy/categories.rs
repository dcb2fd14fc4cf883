//! Which categories of data are held about people.

use avnology_model::privacy::Category;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Tenant;

/// A category of data.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DataCategory)]
pub struct CategoryView {
    /// Its key, and the name of its file in an export.
    pub key: Category,
    /// Name for people.
    pub title: String,
    /// What it is.
    pub description: String,
    /// What it is for.
    pub purpose: String,
    /// Why that is lawful: `contract`, `legal_obligation`, `legitimate_interests`.
    pub legal_basis: String,
    /// How long it is kept, in words.
    pub retention: String,
    /// Whether an export holds it.
    pub exported: bool,
    /// Whether a deletion removes it.
    pub erased: bool,
}

/// The categories of data that this tenant holds about people.
pub fn categories(app: &Tenant) -> Vec<CategoryView> {
    let settings = app.settings();
    let audit_days = settings.settings.audit_retention_days;
    let view = |category: &Category| CategoryView {
        key: *category,
        title: category.title().to_owned(),
        description: category.description().to_owned(),
        purpose: category.purpose().to_owned(),
        legal_basis: category.legal_basis().to_owned(),
        retention: match category {
            Category::Sessions => "Until 30 days after their end".to_owned(),
            Category::Devices => "Until you remove them, or 400 days after you last used them".to_owned(),
            Category::Activity => "90 days".to_owned(),
            Category::Audit => {
                format!(
                    "{audit_days} days, unless another time was set for a log; your parts go with your account"
                )
            }
            _ => "As long as your account exists".to_owned(),
        },
        exported: true,
        erased: category.is_erased(),
    };
    Category::ALL.iter().map(view).collect()
}
