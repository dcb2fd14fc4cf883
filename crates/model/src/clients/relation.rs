//! The relation that a client asks of people (`contract/30` §2.4).

/// Whom it stands for: whoever signs in.
const ANYBODY: &str = "@*";

/// An object, and the relation to it that somebody must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredRelation {
    /// Namespace of the object.
    pub namespace: String,
    /// The object; an organization by id or slug.
    pub object: String,
    /// The relation.
    pub relation: String,
}

impl RequiredRelation {
    /// Reads `organizations:acme#employee`, or the same as `organizations:acme:employee`, with `@*` behind it or not.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_suffix(ANYBODY).unwrap_or(text);
        let (namespace, rest) = text.split_once(':')?;
        let (object, relation) = rest.split_once('#').or_else(|| rest.split_once(':'))?;
        let is_name = |part: &str| {
            !part.is_empty()
                && part.len() <= 256
                && !part.contains(['@', '#', '(', ')'])
                && part.trim() == part
        };
        let fits = is_name(namespace) && is_name(object) && is_name(relation) && !object.contains(':');
        fits.then(|| Self {
            namespace: namespace.to_owned(),
            object: object.to_owned(),
            relation: relation.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_spellings_mean_the_same() {
        let spellings = [
            "organizations:avnology#employee",
            "organizations:avnology:employee",
            "organizations:avnology:employee@*",
            "organizations:avnology#employee@*",
        ];
        for text in spellings {
            let read = RequiredRelation::parse(text).expect(text);
            let parts = (read.namespace.as_str(), read.object.as_str(), read.relation.as_str());
            assert_eq!(parts, ("organizations", "avnology", "employee"));
        }
        let permission =
            RequiredRelation::parse("organizations:avnology#invoices:write").expect("a permission");
        assert_eq!(permission.relation, "invoices:write");
    }

    #[test]
    fn what_names_no_relation_is_none() {
        for text in [
            "",
            "organizations",
            "organizations:acme",
            "organizations:#employee",
            ":a#b",
            "a:b#",
            "a:b#c@usr_1",
            "a: b#c",
        ] {
            assert_eq!(RequiredRelation::parse(text), None, "{text}");
        }
    }
}
