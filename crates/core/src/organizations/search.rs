//! What people ask of a list of members, as a filter.

use avnology_aip::{
    Expr,
    filter::{FieldPath, Op, Restriction, Value},
};

/// What a list of members is narrowed down to; empty texts leave nothing out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberSearch {
    /// A part of a name or address.
    pub text: String,
    /// A role key.
    pub role: String,
    /// A state.
    pub state: String,
}

impl MemberSearch {
    /// The filter; none when nothing is left out.
    pub fn filter(&self) -> Option<Expr> {
        let text = self.text.trim();
        let mut terms = Vec::new();
        if !text.is_empty() {
            let pattern = format!("*{text}*");
            terms.push(Expr::Or(vec![
                restriction("identity.display_name", Op::Match, &pattern),
                restriction("identity.email", Op::Match, &pattern),
            ]));
        }
        for (field, value) in [("role", &self.role), ("state", &self.state)] {
            if !value.is_empty() {
                terms.push(restriction(field, Op::Eq, value));
            }
        }
        match terms.len() {
            0 | 1 => terms.pop(),
            _ => Some(Expr::And(terms)),
        }
    }
}

/// What a list of invitations is narrowed down to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InvitationSearch {
    /// A status; empty for open ones.
    pub status: String,
}

impl InvitationSearch {
    /// The filter; none for open ones.
    pub fn filter(&self) -> Option<Expr> {
        (!self.status.is_empty()).then(|| restriction("status", Op::Eq, &self.status))
    }
}

fn restriction(field: &str, op: Op, value: &str) -> Expr {
    let field = FieldPath(field.split('.').map(str::to_owned).collect());
    Expr::Restriction(Restriction { field, op, value: Value::Text(value.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_a_part_of_a_name_or_an_address() {
        let search = |text: &str, role: &str| MemberSearch {
            text: text.to_owned(),
            role: role.to_owned(),
            state: String::new(),
        };
        assert_eq!(search("  ", "").filter(), None);
        assert_eq!(search("", "admin").filter().map(|f| f.to_string()).as_deref(), Some("role = \"admin\""));
        let both = search("ja\"ne", "admin").filter().map(|f| f.to_string()).unwrap_or_default();
        assert!(both.contains("identity.email ~ ") && both.ends_with("role = \"admin\""), "{both}");
    }
}
