//! From a path to its routes. Custom verbs (`…/{id}:deactivate`) have matchers of their own, since a matcher cannot
//! have a suffix after a parameter.

use std::{collections::HashMap, sync::Arc};

use avnology_model::{Code, Error, Result};
use axum::http::{HeaderValue, Method};
use percent_encoding::percent_decode_str;

use crate::{
    endpoint::{Endpoint, RouteRules},
    route::Route,
    telemetry::RouteMetrics,
};

/// A route that can be called.
pub(crate) struct Mounted {
    pub(crate) rules: Arc<RouteRules>,
    pub(crate) endpoint: Arc<dyn Endpoint>,
    pub(crate) metrics: RouteMetrics,
    pub(crate) path: &'static str,
}

/// The routes of one path.
#[derive(Default)]
struct Place {
    methods: Vec<(Method, Arc<Mounted>)>,
}

/// All routes.
#[derive(Default)]
pub(crate) struct Table {
    places: Vec<Place>,
    plain: matchit::Router<usize>,
    verbs: HashMap<String, matchit::Router<usize>>,
}

/// What a path and method mean.
pub(crate) enum Found<'t> {
    /// A route, with the parameters of the path.
    Route(&'t Arc<Mounted>, Vec<String>),
    /// The path is there, with other methods.
    OtherMethods(HeaderValue),
    /// Nothing.
    Nothing,
}

impl Table {
    /// A table of these routes. Fails when two of them mean the same.
    pub(crate) fn new(routes: Vec<Route>) -> Result<Self> {
        let mut table = Self::default();
        let mut known: HashMap<String, usize> = HashMap::new();
        for route in routes {
            let (path, verb) = split_verb(route.path).unwrap_or((route.path, ""));
            let pattern = unnamed(path);
            let key = format!("{pattern}:{verb}");
            let index = if let Some(index) = known.get(&key) {
                *index
            } else {
                let index = table.places.len();
                let matcher = match verb {
                    "" => &mut table.plain,
                    _ => table.verbs.entry(verb.to_owned()).or_default(),
                };
                matcher
                    .insert(pattern, index)
                    .map_err(|e| Error::internal(format!("{}: {e}", route.path)))?;
                table.places.push(Place::default());
                known.insert(key, index);
                index
            };
            let Some(place) = table.places.get_mut(index) else { continue };
            if place.methods.iter().any(|(method, _)| *method == route.method) {
                return Err(Error::internal(format!("{} {} is there twice", route.method, route.path)));
            }
            let mounted = Mounted {
                rules: Arc::new(RouteRules::of(&route)),
                metrics: RouteMetrics::new(route.method.as_str(), route.path),
                endpoint: route.endpoint,
                path: route.path,
            };
            place.methods.push((route.method, Arc::new(mounted)));
        }
        Ok(table)
    }

    /// The route for a method and path. `_900` when a parameter does not decode to UTF-8.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Result<Found<'_>> {
        if let Some((before, verb)) = split_verb(path) {
            if let Some(found) = self.verbs.get(verb).and_then(|matcher| matcher.at(before).ok()) {
                return self.at(method, &found);
            }
            // The colon may be part of a parameter; but a verb that is unknown is no method of another path.
            return match self.plain.at(path) {
                Ok(found) => match self.at(method, &found)? {
                    Found::OtherMethods(_) => Ok(Found::Nothing),
                    other => Ok(other),
                },
                Err(_) => Ok(Found::Nothing),
            };
        }
        match self.plain.at(path) {
            Ok(found) => self.at(method, &found),
            Err(_) => Ok(Found::Nothing),
        }
    }

    fn at(&self, method: &Method, found: &matchit::Match<'_, '_, &usize>) -> Result<Found<'_>> {
        let Some(place) = self.places.get(*found.value) else { return Ok(Found::Nothing) };
        let wanted = if *method == Method::HEAD { &Method::GET } else { method };
        let Some((_, route)) = place.methods.iter().find(|(m, _)| m == wanted) else {
            return Ok(Found::OtherMethods(place.allow()));
        };
        let mut params = Vec::new();
        for (_, value) in found.params.iter() {
            let malformed = |_| Error::new(Code::MalformedRequest).with_detail("The path is not UTF-8.");
            params.push(percent_decode_str(value).decode_utf8().map_err(malformed)?.into_owned());
        }
        Ok(Found::Route(route, params))
    }
}

impl Place {
    fn allow(&self) -> HeaderValue {
        let mut names: Vec<&str> = self.methods.iter().map(|(method, _)| method.as_str()).collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.sort_unstable();
        HeaderValue::try_from(names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// The path before a verb in its last segment, and the verb.
fn split_verb(path: &str) -> Option<(&str, &str)> {
    let (before, verb) = path.rsplit_once(':')?;
    let is_verb =
        !verb.is_empty() && verb.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    (is_verb && !before.ends_with('/')).then_some((before, verb))
}

/// The pattern with its parameters numbered, so that two routes may name the same place differently.
fn unnamed(path: &str) -> String {
    let segments = path.split('/').enumerate().map(|(i, segment)| match segment.strip_prefix('{') {
        Some(name) if name.starts_with('*') => format!("{{*p{i}}}"),
        Some(_) => format!("{{p{i}}}"),
        None => segment.to_owned(),
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The path without the names of its parameters: equal for routes of the same place.
pub(crate) fn shape(path: &str) -> String {
    let (path, verb) = split_verb(path).unwrap_or((path, ""));
    format!("{}:{verb}", unnamed(path))
}

/// The names of the parameters of a path as the contract writes it.
pub(crate) fn parameter_names(path: &str) -> Vec<&str> {
    path.split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| name.trim_start_matches('*'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_the_end_of_the_last_segment() {
        assert_eq!(split_verb("/v1/identities/{id}:deactivate"), Some(("/v1/identities/{id}", "deactivate")));
        assert_eq!(split_verb("/v1/sessions:logout"), Some(("/v1/sessions", "logout")));
        for path in ["/v1/sessions", "/v1/a:b/c", "/v1/:x", "/v1/a:"] {
            assert_eq!(split_verb(path), None, "{path}");
        }
    }

    #[test]
    fn parameters_are_named_for_people_and_numbered_for_the_matcher() {
        assert_eq!(unnamed("/a/{id}/b/{*rest}"), "/a/{p2}/b/{*p4}");
        assert_eq!(parameter_names("/v1/x/{type}/{id}:submit"), ["type", "id"]);
    }
}
