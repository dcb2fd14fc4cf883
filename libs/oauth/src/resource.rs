//! Resources that tokens are for (RFC 8707).

use url::Url;

use crate::{ErrorCode, OAuthError, Params};

/// Most characters of one.
const CHARACTERS: usize = 2_048;

/// Whether it can name a resource: an absolute URI without fragment (§2).
pub fn is_identifier(text: &str) -> bool {
    text.len() <= CHARACTERS
        && !text.contains('#')
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && Url::parse(text).is_ok()
}

/// The resources of a request, each once. `invalid_target` when one is no resource.
pub fn of_request(params: &Params) -> Result<Vec<String>, OAuthError> {
    let mut resources: Vec<String> = Vec::new();
    for resource in params.all("resource") {
        if !is_identifier(resource) {
            return Err(OAuthError::new(ErrorCode::InvalidTarget, "a resource is no absolute URI"));
        }
        if !resources.iter().any(|one| one == resource) {
            resources.push(resource.to_owned());
        }
    }
    Ok(resources)
}

/// `invalid_target` unless each is among those that may be asked for.
pub fn check(asked: &[String], allowed: &[String]) -> Result<(), OAuthError> {
    if asked.iter().all(|resource| allowed.contains(resource)) {
        Ok(())
    } else {
        Err(OAuthError::new(ErrorCode::InvalidTarget, "the client may not ask for this resource"))
    }
}

/// What a request that asks for these gets of what was granted: all of it when it names none, and never more (§2.2).
pub fn narrowed(asked: Vec<String>, granted: &[String]) -> Result<Vec<String>, OAuthError> {
    if asked.is_empty() {
        return Ok(granted.to_vec());
    }
    check(&asked, granted)?;
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_an_absolute_uri_without_fragment() {
        for good in ["https://api.example.com", "https://api.example.com/v1?x=1", "urn:example:api"] {
            assert!(is_identifier(good), "{good}");
        }
        for bad in ["", "/v1", "api.example.com", "https://api.example.com#x", "https://a b.example"] {
            assert!(!is_identifier(bad), "{bad}");
        }
        let params =
            Params::parse(b"resource=https://a.example&resource=https://a.example&resource=urn:b").unwrap();
        assert_eq!(of_request(&params).unwrap(), ["https://a.example", "urn:b"]);
        assert!(of_request(&Params::parse(b"resource=a").unwrap()).is_err());
    }

    /// RFC 9700 §2.3: tokens are for few, and a refresh never makes them for more.
    #[test]
    fn resources_never_grow() {
        let granted = ["https://a.example".to_owned(), "urn:b".to_owned()];
        assert_eq!(narrowed(Vec::new(), &granted).unwrap(), granted);
        assert_eq!(narrowed(vec!["urn:b".to_owned()], &granted).unwrap(), ["urn:b"]);
        assert_eq!(narrowed(vec!["urn:c".to_owned()], &granted).unwrap_err().code, ErrorCode::InvalidTarget);
    }
}
