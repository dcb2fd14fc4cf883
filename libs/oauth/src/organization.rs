//! Which organization a grant is for (`contract/30` §7).

use crate::{ErrorCode, OAuthError};

/// What a client wants with organizations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Nothing.
    None,
    /// One, or none.
    Optional,
    /// One.
    Required,
}

/// The organization that a request names, as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// None was named.
    Nothing,
    /// `personal`: none, said aloud.
    Personal,
    /// Unknown, or none of those that the client may see.
    Unknown,
    /// The person is a member.
    Member(String),
    /// The person is none.
    NotMember(String),
}

/// What the choice is made of.
#[derive(Clone, Debug)]
pub struct Choice<'c> {
    /// What the client wants.
    pub selection: Selection,
    /// What the request names.
    pub named: Named,
    /// `prompt=select_organization`, and nobody has chosen yet.
    pub must_choose: bool,
    /// `prompt=none`.
    pub silently: bool,
    /// The person's active memberships in active organizations, of those that the client may see.
    pub candidates: &'c [String],
    /// The organization that the session is in.
    pub active: Option<&'c str>,
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// No organization.
    Personal,
    /// This one.
    Organization(String),
    /// The rules for joining this one decide (`contract/20` §6); refused, it is `access_denied`.
    Join(String),
    /// The person chooses; "personal" is offered, too.
    ChooseWithPersonal,
    /// The person chooses.
    Choose,
    /// The person creates one, if that is allowed, or accepts an invitation.
    CreateOrAccept,
}

/// The first rule that applies, in the order of the contract's table.
pub fn choose(choice: &Choice<'_>) -> Result<Chosen, OAuthError> {
    let silent = |chosen| {
        if choice.silently {
            Err(OAuthError::new(ErrorCode::InteractionRequired, "an organization has to be chosen"))
        } else {
            Ok(chosen)
        }
    };
    let denied = || OAuthError::new(ErrorCode::AccessDenied, "the organization is not available");
    let is_optional = choice.selection == Selection::Optional;
    match (&choice.named, choice.selection) {
        (Named::Nothing, Selection::None) if choice.must_choose => {
            return Err(OAuthError::request("the client wants no organization"));
        }
        (Named::Nothing, Selection::None) | (Named::Personal, Selection::Optional) => {
            return Ok(Chosen::Personal);
        }
        (_, Selection::None) => return Err(OAuthError::request("the client wants no organization")),
        (Named::Unknown, _) | (Named::Personal, Selection::Required) => return Err(denied()),
        (Named::Member(id), _) => return Ok(Chosen::Organization(id.clone())),
        (Named::NotMember(id), _) => return silent(Chosen::Join(id.clone())),
        (Named::Nothing, _) => {}
    }
    if choice.must_choose {
        return silent(if is_optional { Chosen::ChooseWithPersonal } else { Chosen::Choose });
    }
    match (
        choice.active.filter(|active| choice.candidates.iter().any(|one| one == active)),
        choice.candidates,
    ) {
        (Some(active), _) => Ok(Chosen::Organization(active.to_owned())),
        (None, _) if is_optional => Ok(Chosen::Personal),
        (None, [only]) => Ok(Chosen::Organization(only.clone())),
        (None, []) if choice.silently => Err(denied()),
        (None, []) => Ok(Chosen::CreateOrAccept),
        (None, _) => silent(Chosen::Choose),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(selection: Selection, candidates: &[String]) -> Choice<'_> {
        Choice {
            selection,
            named: Named::Nothing,
            must_choose: false,
            silently: false,
            candidates,
            active: None,
        }
    }

    fn code(choice: &Choice<'_>) -> Option<ErrorCode> {
        choose(choice).err().map(|error| error.code)
    }

    #[test]
    fn the_table_of_the_contract_holds_row_by_row() {
        let orgs = ["org_a".to_owned(), "org_b".to_owned()];
        let member =
            |selection| Choice { named: Named::Member("org_b".to_owned()), ..choice(selection, &orgs) };
        let organization = |id: &str| Ok(Chosen::Organization(id.to_owned()));
        // 1
        assert_eq!(choose(&choice(Selection::None, &orgs)), Ok(Chosen::Personal));
        assert_eq!(code(&member(Selection::None)), Some(ErrorCode::InvalidRequest));
        let asked = Choice { must_choose: true, ..choice(Selection::None, &orgs) };
        assert_eq!(code(&asked), Some(ErrorCode::InvalidRequest));
        for selection in [Selection::Optional, Selection::Required] {
            // 2, 3, 4
            let unknown = Choice { named: Named::Unknown, ..choice(selection, &orgs) };
            assert_eq!(code(&unknown), Some(ErrorCode::AccessDenied));
            assert_eq!(choose(&member(selection)), organization("org_b"));
            let stranger = Choice { named: Named::NotMember("org_c".to_owned()), ..choice(selection, &orgs) };
            assert_eq!(choose(&stranger), Ok(Chosen::Join("org_c".to_owned())));
            // 6
            let active = Choice { active: Some("org_a"), ..choice(selection, &orgs) };
            assert_eq!(choose(&active), organization("org_a"));
        }
        // 5
        let asked =
            |selection| Choice { must_choose: true, active: Some("org_a"), ..choice(selection, &orgs) };
        assert_eq!(choose(&asked(Selection::Optional)), Ok(Chosen::ChooseWithPersonal));
        assert_eq!(choose(&asked(Selection::Required)), Ok(Chosen::Choose));
        // 7: an active organization that is no candidate does not count.
        let elsewhere = Choice { active: Some("org_z"), ..choice(Selection::Optional, &orgs) };
        assert_eq!(choose(&elsewhere), Ok(Chosen::Personal));
        // 8, 9, 10
        assert_eq!(choose(&choice(Selection::Required, &orgs[..1])), organization("org_a"));
        let several = choice(Selection::Required, &orgs);
        assert_eq!(choose(&several), Ok(Chosen::Choose));
        assert_eq!(code(&Choice { silently: true, ..several }), Some(ErrorCode::InteractionRequired));
        let nothing = choice(Selection::Required, &[]);
        assert_eq!(choose(&nothing), Ok(Chosen::CreateOrAccept));
        assert_eq!(code(&Choice { silently: true, ..nothing }), Some(ErrorCode::AccessDenied));
    }
}
