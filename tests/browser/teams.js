// From one person to a team: created, filled, switched between, left. Run with JavaScript and without it.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { PASSWORD, address } from "./harness/index.js";

let counted = 0;
/** A name that no other team in this process has. */
const named = () => `Acme ${process.pid} ${counted += 1}`;

/** Somebody with an account, signed in, who is about to have to do with a team. */
async function someone(person, server, name) {
  const email = address(name.toLowerCase());
  await server.account({ email, password: PASSWORD, first_name: name, last_name: "Doe" });
  await person.signIn(email);
  await person.sees("account/overview");
  return email;
}

async function createTeam(person, name) {
  person.belongs = true;
  await person.go("/organizations/new");
  await person.sees("organization-new/form");
  await person.send({ name });
  await person.sees("organization-invitations/empty", "created");
  return new URL(person.page.url()).pathname.split("/")[2];
}

/** Somebody with an account who joins a team by an administrator's hand, signed in. */
async function joins(person, server, slug, name) {
  const email = address(name.toLowerCase());
  const { id } = await server.account({ email, password: PASSWORD, first_name: name });
  await server.api("POST", `/v1/organizations/${await idOf(server, slug)}/members`, { identity_id: id, role: "member" });
  person.belongs = true;
  await person.signIn(email);
  return email;
}

async function idOf(server, slug) {
  const { organizations } = await server.api("GET", `/v1/organizations?filter=${encodeURIComponent(`slug = "${slug}"`)}`);
  return organizations[0].id;
}

/** Opens the page of a group until somebody stands there: a rule goes through the members in the background. */
async function filled(person, url, email) {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(250)) {
    await person.go(url);
    if (await person.page.getByText(email).count() > 0) return;
  }
  assert.fail(`the rule did not take ${email} in`);
}

/** Adds the tests of teams to a suite. */
export function teams(person) {
  person("somebody creates a team and invites a colleague, who joins in another browser", async ({ jane, server, another }) => {
    await someone(jane, server, "Jane");
    const name = named();
    const slug = await createTeam(jane, name);
    const email = address("bill");
    await jane.send({ emails: email, message: "Come in." });
    await jane.sees("organization-invitations/list");
    await jane.reads("on their way");
    const { link } = await server.mail(email, "invitation");

    const bill = await another();
    bill.belongs = true;
    await server.account({ email, password: PASSWORD, first_name: "Bill" });
    await bill.go(link);
    await bill.sees("invitation/sign_in");
    assert.equal(new URL(bill.page.url()).pathname, "/invitations", "the token has left the address bar");
    await bill.press("#continue");
    await bill.send({ password: PASSWORD });
    await bill.sees("invitation/preview");
    await bill.press();
    await bill.sees("organization/overview", "joined");
    await bill.reads(name);
    await bill.go(`/organizations/${slug}/settings`);
    assert.equal(bill.answer.status(), 403);
    await bill.sees("error/error", "no-permission");

    await jane.go(`/organizations/${slug}/members`);
    await jane.sees("organization-members/list");
    await jane.reads(email);
    await jane.page.getByRole("link", { name: "Manage Bill" }).click();
    await jane.sees("organization-member/active");
    await jane.page.locator("#role").selectOption("admin");
    await jane.press();
    await jane.sees("organization-member/active");
    await jane.reads("The role was saved");
    await bill.go(`/organizations/${slug}/settings`);
    await bill.sees("organization-settings/form", "admin");
  });

  person("two tabs act for two teams, and the switcher for the browser", async ({ jane, server }) => {
    await someone(jane, server, "Jane");
    const [one, other] = [named(), named()];
    const slug = await createTeam(jane, one);
    await createTeam(jane, other);
    await jane.go("/account");
    await jane.sees("account/overview", "member");
    await jane.switchTo(one);
    await jane.sees("organization/overview");
    const tab = await jane.page.context().newPage();
    await tab.goto("/account/organizations");
    await tab.getByRole("link", { name: other, exact: true }).click();
    await tab.getByRole("heading", { level: 1 }).waitFor();
    assert.match(await tab.locator(".place").innerText(), new RegExp(other));
    await jane.page.reload();
    assert.match(await jane.page.locator(".place").innerText(), new RegExp(one), "the first tab is where it was");
    assert.equal(new URL(jane.page.url()).pathname, `/organizations/${slug}`);
    await jane.switchTo("Personal");
    await jane.sees("account/overview", "personal");
  });

  person("a link is passed on, a key is shown once, and the team is deleted and kept", async ({ jane, server }) => {
    await someone(jane, server, "Jane");
    const name = named();
    const slug = await createTeam(jane, name);
    await jane.page.locator("#delivery").selectOption("link");
    await jane.send({ emails: address("ann") });
    await jane.sees("organization-invitations/links");
    await jane.go(`/organizations/${slug}/api-keys`);
    await jane.sees("organization-api-keys/empty");
    await jane.send({ name: "Import" });
    await jane.sees("organization-api-keys/created");
    assert.match(await jane.page.locator("#secret").innerText(), /^ak_test_/);
    await jane.go(`/organizations/${slug}/api-keys`);
    await jane.sees("organization-api-keys/list");
    await jane.go(`/organizations/${slug}/settings`);
    await jane.sees("organization-settings/form");
    await jane.send({ idle_hours: "many" });
    await jane.sees("organization-settings/form", "refused");
    await jane.go(`/organizations/${slug}/ownership`);
    await jane.sees("organization-ownership/empty");
    await jane.go(`/organizations/${slug}/deletion`);
    await jane.sees("organization-deletion/confirm");
    await jane.send({ name });
    await jane.sees("organization/deleting");
    await jane.press('main form button[type="submit"]');
    await jane.sees("organization/overview", "restored");
  });

  person("a domain is claimed, proven by its record, put to use and given up", async ({ jane, server }) => {
    await someone(jane, server, "Jane");
    const slug = await createTeam(jane, named());
    const domain = `${slug}.example.com`;
    await jane.go(`/organizations/${slug}/domains`);
    await jane.sees("organization-domains/empty");
    await jane.send({ domain: "gmail.com" });
    await jane.sees("organization-domains/empty", "refused");
    assert.equal(await jane.page.locator("#domain").inputValue(), "gmail.com", "what was entered stays");
    await jane.send({ domain });
    await jane.sees("organization-domain/pending", "added");
    const [name, value] = await jane.page.locator(".rows code[data-copy]").allInnerTexts();
    assert.equal(name, `_avnology-challenge.${domain}`);
    await jane.press();
    await jane.sees("organization-domain/pending", "nothing-found");
    await jane.reads("No TXT record");
    server.names.set(name, "v=spf1 -all");
    await jane.press();
    await jane.sees("organization-domain/pending", "something-else");
    await jane.reads("v=spf1 -all");
    await jane.go(`/organizations/${slug}`);
    await jane.sees("organization/overview", "unproven");
    await jane.page.getByRole("link", { name: "Show record" }).click();
    server.names.set(name, "v=spf1 -all", value);
    await jane.sees("organization-domain/pending");
    await jane.press();
    await jane.sees("organization-domain/verified", "proven");
    await jane.page.locator("#default_role").selectOption("admin");
    await jane.page.locator("#sign_in_routing").uncheck();
    await jane.press();
    await jane.sees("organization-domain/verified", "saved");
    assert.equal(await jane.page.locator("#default_role").inputValue(), "admin");
    assert.equal(await jane.page.locator("#sign_in_routing").isChecked(), false);
    const { domains } = await server.api("GET", `/v1/organizations/${await idOf(server, slug)}/domains`);
    assert.deepEqual(domains.map((one) => [one.status, one.auto_join, one.sign_in_routing, one.default_role]),
      [["verified", true, false, "admin"]]);
    await jane.page.getByRole("link", { name: "All domains" }).click();
    await jane.sees("organization-domains/list");
    await jane.page.getByRole("link", { name: "Manage" }).click();
    await jane.page.getByRole("link", { name: "Remove domain" }).click();
    await jane.sees("organization-domain/confirm");
    await jane.press();
    await jane.sees("organization-domains/empty", "removed");
  });

  person("a domain that another team has proven is not given twice", async ({ jane, server, another }) => {
    const olga = await another();
    await someone(olga, server, "Olga");
    const theirs = await createTeam(olga, named());
    const domain = `${theirs}.example.com`;
    await olga.go(`/organizations/${theirs}/domains`);
    await olga.send({ domain });
    const [name, value] = await olga.page.locator(".rows code[data-copy]").allInnerTexts();
    server.names.set(name, value);
    await olga.press();
    await olga.sees("organization-domain/verified");
    await someone(jane, server, "Jane");
    const slug = await createTeam(jane, named());
    await jane.go(`/organizations/${slug}/domains`);
    await jane.send({ domain });
    assert.equal(jane.answer.status(), 409);
    await jane.sees("organization-domains/empty", "taken");
    await jane.reads("Another organization has proven this domain");
  });

  person("a role of the team's own is made, given, changed and replaced by another one", async ({ jane, server, another }) => {
    await someone(jane, server, "Jane");
    const slug = await createTeam(jane, named());
    const bill = await another();
    const email = await joins(bill, server, slug, "Bill");
    await jane.go(`/organizations/${slug}/roles`);
    await jane.sees("organization-roles/list", "built-in");
    await jane.page.getByRole("link", { name: "Show Owner" }).click();
    await jane.sees("organization-role/built_in");
    await jane.go(`/organizations/${slug}/roles`);
    await jane.page.getByRole("link", { name: "New role" }).click();
    await jane.sees("organization-role-new/form");
    await jane.fill({ name: "Billing clerk", key: "billing", permissions: "invoices" });
    await jane.page.getByLabel("Read the audit log").check();
    await jane.press();
    await jane.sees("organization-role-new/form", "refused");
    await jane.reads(/An area and an action/);
    assert.equal(await jane.page.getByLabel("Read the audit log").isChecked(), true, "what was ticked stays");
    await jane.send({ permissions: "invoices:*" });
    await jane.sees("organization-role/form", "created");
    const role = jane.page.url().split("?")[0];

    await jane.go(`/organizations/${slug}/members`);
    await jane.page.getByRole("link", { name: "Manage Bill" }).click();
    await jane.page.locator("#role").selectOption({ label: "Billing clerk" });
    await jane.press();
    await jane.sees("organization-member/active");
    await jane.go(`/organizations/${slug}/members`);
    await jane.reads("Billing clerk");
    await bill.go(`/organizations/${slug}`);
    await bill.reads("Billing clerk");
    assert.equal((await bill.go(`/organizations/${slug}/roles/new`)).status(), 403);
    await bill.go(new URL(role).pathname);
    await bill.sees("organization-role/shown");

    await jane.go(new URL(role).pathname);
    await jane.page.getByLabel("Make, change and delete roles").check();
    await jane.press();
    await jane.sees("organization-role/form", "saved");
    await bill.go(`/organizations/${slug}/roles/new`);
    await bill.sees("organization-role-new/form", "limited");
    assert.equal(await bill.page.getByLabel("Set up single sign-on").count(), 0, "nobody gives what they have not");

    await jane.page.getByRole("link", { name: "Delete role" }).click();
    await jane.sees("organization-role/confirm");
    await jane.page.locator("#reassign_to").selectOption("");
    await jane.press();
    await jane.sees("organization-role/confirm", "in-use");
    await jane.page.locator("#reassign_to").selectOption("member");
    await jane.press();
    await jane.sees("organization-roles/list", "deleted");
    const { members } = await server.api("GET", `/v1/organizations/${await idOf(server, slug)}/members`);
    assert.equal(members.find((one) => one.identity.email === email).role, "member");
  });

  person("a group is filled by hand, another one by a rule", async ({ jane, server, another }) => {
    await someone(jane, server, "Jane");
    const slug = await createTeam(jane, named());
    const email = await joins(await another(), server, slug, "Bill");
    await jane.go(`/organizations/${slug}/groups`);
    await jane.sees("organization-groups/empty");
    await jane.page.getByRole("link", { name: "New group" }).click();
    await jane.sees("organization-group-new/form");
    await jane.page.locator("#role").selectOption("admin");
    await jane.send({ name: "Deputies" });
    await jane.sees("organization-group/static", "created");
    await jane.send({ email: address("stranger") });
    await jane.sees("organization-group/static", "refused");
    await jane.reads(/Invite the person first/);
    await jane.send({ email: email.toUpperCase() });
    await jane.sees("organization-group/static", "added");
    await jane.reads(email);
    await jane.send({ email });
    await jane.sees("organization-group/static", "refused");
    await jane.press('button:has-text("Take out")');
    await jane.sees("organization-group/static", "created");
    await jane.page.getByRole("link", { name: "Change group" }).click();
    await jane.sees("organization-group-edit/form");
    await jane.page.locator("#role").selectOption("");
    await jane.send({ description: "Whoever stands in for administrators." });
    await jane.sees("organization-group/static", "created");

    await jane.go(`/organizations/${slug}/groups/new`);
    await jane.page.locator("#type").selectOption("dynamic");
    await jane.send({ name: "Those who write", rule: "shoe_size = 46" });
    await jane.sees("organization-group-new/form", "wrong-rule");
    await jane.fill({ rule: `email = "${email}"` });
    await jane.press('#flow button[value="preview"]');
    await jane.sees("organization-group-new/preview");
    await jane.reads("One of 2 members fits it now.");
    await jane.page.locator("#role").selectOption("admin");
    await jane.press();
    await jane.sees("organization-group-new/form", "wrong-role");
    await jane.page.locator("#role").selectOption("member");
    await jane.press();
    await jane.sees("organization-group/dynamic", "created");
    const here = jane.page.url().split("?")[0];
    await filled(jane, here, email);
    await jane.sees("organization-group/dynamic", "filled");
    assert.equal(await jane.page.locator("#flow").count(), 0, "nobody is added by hand");
    await jane.go(`/organizations/${slug}/groups`);
    await jane.sees("organization-groups/list");
    await jane.go(here);
    await jane.page.getByRole("link", { name: "Delete group" }).click();
    await jane.sees("organization-group/confirm");
    await jane.press();
    await jane.sees("organization-groups/list", "deleted");
  });

  person("an invitation for somebody else names the right account", async ({ jane, server }) => {
    await someone(jane, server, "Jane");
    const slug = await createTeam(jane, named());
    const email = address("zoe");
    await jane.send({ emails: email });
    const { link } = await server.mail(email, "invitation");
    await jane.go(link);
    await jane.sees("invitation/wrong_account");
    await jane.press();
    await jane.sees("invitation/sign_up");
    await jane.press('button:has-text("Decline")');
    await jane.sees("invitation/declined");
    await jane.go(link);
    await jane.sees("invitation/revoked");
    assert.ok(slug);
  });

  person("whoever belongs to nothing meets no trace of it", async ({ jane, server, another }) => {
    const owner = await another();
    await someone(owner, server, "Olga");
    const slug = await createTeam(owner, named());
    await someone(jane, server, "Jane");
    for (const path of ["/account", "/account/profile", "/account/security", "/account/sessions"]) {
      await jane.go(path);
      const words = await jane.page.content();
      assert.doesNotMatch(words, /organi[sz]ation|team/iu, path);
    }
    for (const path of ["/account/organizations", `/organizations/${slug}`, `/organizations/${slug}/members`]) {
      assert.equal((await jane.go(path)).status(), 404, path);
      await jane.sees("error/not_found");
    }
  });
}
