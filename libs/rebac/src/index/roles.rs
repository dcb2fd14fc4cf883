//! Custom roles of organizations: they imply their base and the permissions they list (`contract/20` §4).

use std::sync::Arc;

use super::{Index, state::Role, symbols::space};

/// A custom role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomRole {
    /// Its key, which is the relation that its holders have to the organization.
    pub key: String,
    /// Whether it extends `admin`; `member` otherwise.
    pub extends_admin: bool,
    /// Permissions; `area:*` stands for each of its area.
    pub permissions: Vec<String>,
}

impl Index {
    /// Sets the custom roles of an organization, in place of those it had.
    pub fn set_roles(&mut self, organization: &str, roles: &[CustomRole]) {
        let state = Arc::make_mut(&mut self.state);
        let program = Arc::clone(&state.program);
        let Some(namespace) = program.namespaces.get(program.organizations as usize) else { return };
        let free = &mut self.free.symbols;
        let object = state.symbols.intern(free, namespace.objects, organization);
        let mut hold = |text: &str| {
            let id = state.symbols.intern(free, space::RELATIONS, text);
            state.symbols.hold(id);
            id
        };
        let made: Vec<Role> = roles
            .iter()
            .map(|role| {
                let mut permissions: Vec<u32> = role.permissions.iter().map(|name| hold(name)).collect();
                permissions.sort_unstable();
                Role { key: hold(&role.key), admin: role.extends_admin, permissions }
            })
            .collect();
        state.symbols.hold(object);
        let all = Arc::make_mut(&mut state.roles);
        let before = if made.is_empty() { all.remove(&object) } else { all.insert(object, Arc::new(made)) };
        // The organization is held once for having roles.
        if before.is_some() || roles.is_empty() {
            state.symbols.release(free, object);
        }
        if before.is_some() && roles.is_empty() {
            state.symbols.release(free, object);
        }
        for role in before.iter().flat_map(|roles| roles.iter()) {
            for &id in role.permissions.iter().chain([&role.key]) {
                state.symbols.release(free, id);
            }
        }
    }
}
