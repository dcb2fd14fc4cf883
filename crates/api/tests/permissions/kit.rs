//! A document app: folders that hold folders and files, in organizations.

use avnology_testkit::{Answer, Client, TestApp};
use serde_json::{Value, json};

/// Folders and files; whoever edits reads, and what is above counts below.
pub(crate) const SCHEMA: &str = r#"
class folders implements Namespace {
  related: {
    organization: organizations[]
    parent: folders[]
    editor: (identities | SubjectSet<groups, "member">)[]
    viewer: (identities | SubjectSet<groups, "member">)[]
    banned: identities[]
  }
  permits = {
    edit: (ctx: Context): boolean =>
      this.related.editor.includes(ctx.subject) ||
      this.related.organization.traverse((o) => o.related.admin.includes(ctx.subject)) ||
      this.related.parent.traverse((p) => p.permits.edit(ctx)),
    view: (ctx: Context): boolean =>
      !this.related.banned.includes(ctx.subject) && (
        this.permits.edit(ctx) ||
        this.related.viewer.includes(ctx.subject) ||
        this.related.parent.traverse((p) => p.permits.view(ctx)))
  }
}
"#;

/// Puts a schema in force.
pub(crate) async fn put_schema(app: &TestApp, schema: &str, shared: &[&str]) -> Answer {
    let body = json!({ "schema": schema, "shared": shared });
    app.admin_key().call("PUT", "/v1/permissions/namespaces").json(&body).await
}

/// The parts of a tuple that is written `namespace:object#relation@subject`.
pub(crate) fn tuple(text: &str) -> Value {
    let (head, subject) = text.split_once('@').expect("a subject");
    let (namespace, rest) = head.split_once(':').expect("a namespace");
    let (object, relation) = rest.split_once('#').expect("a relation");
    json!({ "namespace": namespace, "object": object, "relation": relation, "subject": subject })
}

/// Writes a tuple.
pub(crate) async fn grant(client: &Client, organization: Option<&str>, text: &str) -> Answer {
    let call = client.post("/v1/permissions").json(&tuple(text));
    match organization {
        Some(organization) => call.header("x-avnology-org", organization).await,
        None => call.await,
    }
}

/// Removes a tuple.
pub(crate) async fn revoke(client: &Client, organization: Option<&str>, text: &str) -> Answer {
    let call = client.delete("/v1/permissions").json(&tuple(text));
    match organization {
        Some(organization) => call.header("x-avnology-org", organization).await,
        None => call.await,
    }
}

/// Asks with a verb: `check`, `explain` and so on.
pub(crate) async fn ask(client: &Client, organization: Option<&str>, verb: &str, body: &Value) -> Answer {
    let call = client.post(&format!("/v1/permissions:{verb}")).json(body);
    match organization {
        Some(organization) => call.header("x-avnology-org", organization).await,
        None => call.await,
    }
}

/// Whether a tuple follows.
#[track_caller]
pub(crate) fn allowed(client: &Client, organization: Option<&str>, text: &str) -> impl Future<Output = bool> {
    let (client, organization, body) = (client.clone(), organization.map(str::to_owned), tuple(text));
    async move {
        let answer = ask(&client, organization.as_deref(), "check", &body).await;
        answer.ok()["allowed"].as_bool().expect("an answer")
    }
}
