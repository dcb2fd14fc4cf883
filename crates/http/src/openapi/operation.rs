//! One operation: its parameters, body, answers and refusals.

use std::collections::BTreeMap;

use avnology_model::Code;
use utoipa::openapi::{
    Content, RefOr, Required, Response, ResponseBuilder,
    path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn},
    security::SecurityRequirement,
};

use super::{
    ACCESS_TOKEN, API_KEY, SESSION, SESSION_COOKIE,
    problem::{self, number_header, text_header},
};
use crate::{
    access::AccessRule,
    input::{BodyKind, schema_of_text},
    route::Route,
    table::parameter_names,
};

/// The operation of a route.
pub(super) fn of(route: &Route) -> Operation {
    let doc = &route.doc;
    let mut operation = OperationBuilder::new()
        .operation_id(doc.operation_id)
        .summary(Some(doc.summary))
        .parameters(Some(parameters(route)))
        .request_body(doc.input.body.clone());
    if !doc.tag.is_empty() {
        operation = operation.tag(doc.tag);
    }
    if let Some(scope) = route.rule.scope() {
        operation = operation.description(Some(format!("Needs the scope `{scope}`.")));
    }
    for requirement in securities(route.rule) {
        operation = operation.security(requirement);
    }
    for (status, response) in responses(route) {
        operation = operation.response(status.to_string(), response);
    }
    operation.build()
}

fn parameters(route: &Route) -> Vec<Parameter> {
    let in_path = parameter_names(route.path).into_iter().map(|name| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(schema_of_text()))
            .build()
    });
    let known = (route.doc.etag && route.method == "GET").then(|| {
        ParameterBuilder::new()
            .name("If-None-Match")
            .parameter_in(ParameterIn::Header)
            .description(Some("Entity tag that is known already."))
            .schema(Some(schema_of_text()))
            .build()
    });
    let organization = knows_organizations(route.rule).then(|| {
        ParameterBuilder::new()
            .name("X-Avnology-Org")
            .parameter_in(ParameterIn::Header)
            .description(Some(
                "Organization that the request is about: its id or slug, or `personal` for none.",
            ))
            .schema(Some(schema_of_text()))
            .build()
    });
    let inputs = route.doc.input.parameters.iter().cloned();
    in_path.chain(inputs).chain(organization).chain(known).collect()
}

fn securities(rule: AccessRule) -> Vec<SecurityRequirement> {
    let one = |name: &str| SecurityRequirement::new(name, [] as [&str; 0]);
    let token = || {
        SecurityRequirement::new(ACCESS_TOKEN, rule.scope().map(avnology_model::permissions::Scope::as_str))
    };
    match rule {
        AccessRule::Public => Vec::new(),
        AccessRule::Visitor => vec![SecurityRequirement::default(), one(SESSION), one(SESSION_COOKIE)],
        AccessRule::AnySession | AccessRule::PageSignedIn | AccessRule::PageInOrganization(_) => {
            vec![one(SESSION), one(SESSION_COOKIE)]
        }
        AccessRule::SignedIn => vec![one(SESSION), one(SESSION_COOKIE), token()],
        AccessRule::Scoped(_)
        | AccessRule::SignedInOr(_)
        | AccessRule::TenantScoped(_)
        | AccessRule::InOrganization(_) => {
            vec![one(SESSION), one(SESSION_COOKIE), one(API_KEY), token()]
        }
    }
}

/// The codes that any route of this kind may answer (`contract/00` §6.3).
fn standard(route: &Route) -> Vec<Code> {
    let mut codes = vec![
        Code::MalformedRequest,
        Code::ValidationFailed,
        Code::MethodNotAllowed,
        Code::NotAcceptable,
        Code::Internal,
        Code::Unavailable,
    ];
    if route.rule.needs_credential() {
        codes.extend([
            Code::SessionInvalid,
            Code::SessionExpired,
            Code::WrongAudience,
            Code::TokenExpired,
            Code::TokenRevoked,
            Code::ScopeMissing,
            Code::PermissionDenied,
            Code::StepUpRequired,
        ]);
        codes.extend([Code::TooManyRequests]);
    }
    if matches!(
        route.rule,
        AccessRule::Scoped(_)
            | AccessRule::SignedInOr(_)
            | AccessRule::TenantScoped(_)
            | AccessRule::InOrganization(_)
    ) {
        codes.extend([Code::WrongEnvironment, Code::AddressNotAllowed]);
    }
    if knows_organizations(route.rule) {
        codes.extend([
            Code::NotAMember,
            Code::OrganizationMismatch,
            Code::OrganizationNotFound,
            Code::OrganizationSuspended,
            Code::OrganizationNotReady,
            Code::SecondFactorRequired,
        ]);
    }
    if route.limit.is_some() {
        codes.push(Code::TooManyRequests);
    }
    if route.method != "GET" {
        codes.extend([Code::PayloadTooLarge, Code::UnsupportedMediaType]);
        if route.rule != AccessRule::Public || route.needs.body.is_form() {
            codes.push(Code::CsrfFailed);
        }
    }
    if !parameter_names(route.path).is_empty() {
        codes.push(Code::NotFound);
    }
    if route.doc.input.precondition {
        codes.push(Code::EtagMismatch);
    }
    if route.doc.input.idempotent || route.doc.creates {
        codes.push(Code::IdempotencyConflict);
    }
    codes.extend(&route.doc.refusals);
    codes
}

/// Whether a request of this kind is about an organization, or can be.
fn knows_organizations(rule: AccessRule) -> bool {
    matches!(
        rule,
        AccessRule::AnySession
            | AccessRule::SignedIn
            | AccessRule::SignedInOr(_)
            | AccessRule::Scoped(_)
            | AccessRule::InOrganization(_)
    )
}

fn responses(route: &Route) -> BTreeMap<u16, Response> {
    let mut responses = problem::responses(&standard(route));
    let is_limited = route.rule.needs_credential() || route.limit.is_some();
    for answer in &route.doc.answers {
        let mut response = ResponseBuilder::new().description(answer.description);
        if let Some((media_type, schema)) = &answer.content {
            response = response.content(*media_type, Content::new(Some(schema.clone())));
        }
        if route.doc.etag && matches!(answer.status, 200 | 201) {
            response = response.header("ETag", text_header());
        }
        if answer.status == 201 || matches!(answer.status, 300..400) {
            response = response.header("Location", text_header());
        }
        responses.insert(answer.status, response.build());
    }
    if route.doc.etag && route.method == "GET" {
        responses.insert(
            304,
            ResponseBuilder::new().description("Not changed.").header("ETag", text_header()).build(),
        );
    }
    for response in responses.values_mut() {
        response.headers.insert("X-Request-Id".to_owned(), RefOr::T(text_header()));
        if is_limited {
            for name in ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"] {
                response.headers.insert(name.to_owned(), RefOr::T(number_header()));
            }
        }
    }
    debug_assert!(route.needs.body == BodyKind::None || route.doc.input.body.is_some());
    responses
}
