// From one person to a team: created, filled, switched between, left. Run with JavaScript and without it.

import assert from "node:assert/strict";

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
