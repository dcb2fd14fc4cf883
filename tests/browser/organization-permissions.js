// Who has access to something in an organization, and why. Run with JavaScript and without it.

import assert from "node:assert/strict";

import { PASSWORD } from "./harness/index.js";
import { organization, signInHere } from "./organization-entry.js";

const SCHEMA = `class folders implements Namespace {
  related: {
    parent: folders[]
    viewer: (identities | SubjectSet<groups, "member"> | SubjectSet<organizations, "admin">)[]
  }
  permits = {
    view: (ctx: Context): boolean =>
      this.related.viewer.includes(ctx.subject) ||
      this.related.parent.traverse((p) => p.permits.view(ctx)),
  }
}`;

/** Writes a tuple in an organization. */
function write(server, globex, text) {
  const [, namespace, object, relation, subject] = text.match(/^(.+?):(.+?)#(.+?)@(.+)$/u);
  return server.api("POST", "/v1/permissions?on_conflict=ignore", { namespace, object, relation, subject }, { "x-avnology-org": globex.id });
}

/** An organization with folders, a group in one of them, and an administrator who is signed in. */
async function folders(jane, server) {
  jane.belongs = true;
  await server.api("PUT", "/v1/permissions/namespaces", { schema: SCHEMA, shared: [] });
  const globex = await organization(server);
  const boss = await globex.member("admin", "Ada");
  const mia = await server.account({ email: `mia.${globex.slug}@example.com`, password: PASSWORD, first_name: "Mia", last_name: "Doe" });
  await server.api("POST", `/v1/organizations/${globex.id}/members`, { identity_id: mia.id, role: "member" });
  const group = await server.api("POST", `/v1/organizations/${globex.id}/groups`, { name: "Support" });
  await server.api("POST", `/v1/organizations/${globex.id}/groups/${group.id}/members`, { identity_id: mia.id });
  await write(server, globex, "folders:plans#parent@folders:top");
  await write(server, globex, `folders:top#viewer@groups:${group.id}#member`);
  await jane.go(`/org/${globex.slug}`);
  await signInHere(jane, boss);
  await jane.sees("organization/overview", "insider");
  return { globex, group, boss, mia, url: `/organizations/${globex.slug}/permissions` };
}

const ASK = 'form[role="search"] button';

async function ask(jane, fields) {
  const { namespace, ...lines } = fields;
  if (namespace) await jane.page.locator("#namespace").selectOption(namespace);
  for (const [name, value] of Object.entries(lines)) await jane.page.locator(`#${name}`).fill(value);
  await jane.press(ASK);
}

/** Adds the tests to a suite. */
export function permissions(person) {
  person("an admin learns who has access to a folder, and by what, with groups opened", async ({ jane, server }) => {
    const { globex, mia, url } = await folders(jane, server);
    await jane.press('nav.side a[href$="/permissions"]');
    await jane.sees("organization-permissions/ask");
    await jane.page.locator("#namespace").selectOption("folders");
    await jane.press(ASK);
    await jane.sees("organization-permissions/ask", "namespace");
    assert.deepEqual(await jane.page.locator("#object-list option").evaluateAll((all) => all.map((one) => one.value)), ["plans", "top"]);
    await ask(jane, { namespace: "folders", object: "plans", relation: "view" });
    await jane.sees("organization-permissions/list");
    assert.equal(await jane.page.locator("tbody tr").count(), 1);
    const way = await jane.page.locator("tbody .reasons li").allInnerTexts();
    assert.deepEqual(way, [
      "folders:plans has folders:top as its parent.",
      "Everybody in the group Support has viewer on folders:top.",
      "Mia Doe is in the group Support.",
    ]);
    await write(server, globex, `folders:plans#viewer@organizations:${globex.id}#admin`);
    await jane.go(`${url}?namespace=folders&object=plans&relation=view`);
    await jane.sees("organization-permissions/list", "two");
    assert.equal(await jane.page.locator("tbody tr").count(), 2);
    await jane.reads("Everybody with the role Admin has viewer on folders:plans.");
    await ask(jane, { subject: mia.email });
    await jane.sees("organization-permissions/verdict", "yes");
    await jane.reads("Mia Doe is in the group Support.");
  });

  person("an admin learns what was looked at for somebody who has no access, and that nobody has any", async ({ jane, server }) => {
    const { url, boss } = await folders(jane, server);
    await jane.go(`${url}?namespace=folders&object=plans&relation=view&subject=${encodeURIComponent(boss)}`);
    await jane.sees("organization-permissions/verdict", "no");
    await jane.reads("does not have");
    await jane.go(`${url}?namespace=folders&object=other&relation=view`);
    await jane.sees("organization-permissions/nobody");
  });

  person("roles and groups of the organization can be asked about by name", async ({ jane, server }) => {
    const { globex, url } = await folders(jane, server);
    await jane.go(url);
    await jane.press('a[href*="namespace=organizations&relation=member"]');
    await jane.sees("organization-permissions/list", "role");
    await jane.reads("The role Admin includes the role Member.");
    await jane.reads(`the role Member in ${globex.name}`);
    await ask(jane, { namespace: "groups", object: "Support", relation: "member" });
    await jane.sees("organization-permissions/list", "group");
    await jane.reads("Mia Doe is in the group Support.");
  });

  person("names that are unknown are said, each beside its field", async ({ jane, server }) => {
    const { url } = await folders(jane, server);
    await jane.go(`${url}?namespace=folders&object=plans&relation=wiev`);
    assert.equal(jane.answer.status(), 400);
    await jane.sees("organization-permissions/refused", "relation");
    await jane.reads("“folders” has no “wiev”");
    for (const [query, words] of [
      ["namespace=nowhere&object=a&relation=b", "There is no namespace “nowhere”"],
      ["namespace=groups&object=Nobody&relation=member", "No group here is called “Nobody”"],
      ["namespace=folders&object=plans&relation=view&subject=nobody%40example.org", "No member has this address"],
      ["namespace=platform&object=main&relation=admin", "This belongs to somebody else"],
    ]) {
      await jane.go(`${url}?${query}`);
      await jane.sees("organization-permissions/refused");
      await jane.reads(words);
    }
  });

  person("a member without the permission does not learn who has access", async ({ jane, server }) => {
    jane.belongs = true;
    const globex = await organization(server);
    await jane.go(`/org/${globex.slug}`);
    await signInHere(jane, await globex.member("member"));
    assert.equal(await jane.page.locator('a[href$="/permissions"]').count(), 0);
    await jane.go(`/organizations/${globex.slug}/permissions?namespace=organizations&object=${globex.slug}&relation=member`);
    assert.equal(jane.answer.status(), 403);
  });
}
