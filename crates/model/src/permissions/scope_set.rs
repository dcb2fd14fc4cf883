//! A set of scopes in one machine word: rights are compared on every request.

use super::Scope;

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScopeSet(u64);

const _: () = assert!(Scope::ALL.len() <= 64, "a set of scopes is one word");

fn bit(scope: Scope) -> u64 {
    1 << (scope as u8)
}

impl ScopeSet {
    /// No scope.
    pub const EMPTY: Self = Self(0);

    /// Every scope.
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// Whether the scope is in the set.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// Whether every scope of the other set is in this one.
    pub fn contains_all(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// The scopes of both sets.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The scopes that are in this set and in the other.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The scopes of this set that are not in the other.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |set, scope| set | bit(scope)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in_and_nothing_else() {
        let set: ScopeSet = [Scope::TenantRead, Scope::AccountSelf].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [Scope::AccountSelf, Scope::TenantRead]);
        assert!(ScopeSet::all().contains_all(set) && !set.contains_all(ScopeSet::all()));
        assert_eq!(set.without(set), ScopeSet::EMPTY);
        assert_eq!(set.intersection(ScopeSet::all()).union(ScopeSet::EMPTY), set);
        assert_eq!(ScopeSet::all().iter().count(), Scope::ALL.len());
    }
}
