// Two applications on one tenant: one for customers, one for the tenant's own people. Run with JavaScript and without it.

import assert from "node:assert/strict";

import { application, someone } from "./clients.js";
import { PASSWORD, address } from "./harness/index.js";

const unique = () => `${process.pid}-${Math.random().toString(36).slice(2, 8)}`;

/** An organization with this person as a member. */
async function team(server, name, more, ...members) {
  const made = await server.api("POST", "/v1/organizations", { name: `${name} ${unique()}`, ...more });
  for (const [identity, role] of members) {
    await server.api("POST", `/v1/organizations/${made.id}/members`, { identity_id: identity, role });
  }
  return made;
}

/** Comes back from an application with tokens, without a page between. */
async function silently(jane, server, app, parameters) {
  await jane.page.goto(server.url + app.request(parameters));
  return app.introspect((await app.tokens(jane)).access_token);
}

/** Adds the tests of two applications to a suite. */
export function twoClients(person) {
  person("one person signs in once, and uses both applications for either organization", async ({ jane, server }) => {
    const { email, id } = await someone(server, "Jane");
    const avnology = await team(server, "Avnology", {}, [id, "admin"]);
    const acme = await team(server, "Acme", {}, [id, "member"]);
    const shop = await application(server, { first_party: true, registration_mode: "by_invitation_or_domain" });
    const console = await application(server, {
      name: "Console", first_party: true, required_relation: `organizations:${avnology.slug}#admin`,
    });
    const scope = "openid organizations";
    jane.belongs = true;

    await jane.page.goto(server.url + shop.request({ scope, organization_id: acme.id }));
    await jane.sees("sign-in/choose_method", "to-two-applications");
    await jane.identify(email);
    await jane.send({ password: PASSWORD });
    const first = await shop.introspect((await shop.tokens(jane)).access_token);
    assert.deepEqual([first.sub, first.org_id, first.org_role], [id, acme.id, "member"]);

    const second = await silently(jane, server, shop, { scope, organization_id: avnology.id });
    assert.deepEqual([second.org_id, second.org_role], [avnology.id, "admin"]);
    const third = await silently(jane, server, console, { scope, organization_id: avnology.id });
    assert.deepEqual([third.sub, third.org_id], [id, avnology.id]);
    const fourth = await silently(jane, server, shop, { scope, prompt: "none", organization_id: acme.id });
    assert.deepEqual([fourth.org_id, fourth.session_id], [acme.id, first.session_id], "one sign-in for all");
    shop.close();
    console.close();
  });

  person("a customer uses the application for customers, and the console lets nobody in who does not work here", async ({ jane, server }) => {
    const owner = await someone(server, "Owner");
    const avnology = await team(server, "Avnology", {}, [owner.id, "owner"]);
    const shop = await application(server, { first_party: true, registration_mode: "by_invitation_or_domain" });
    const console = await application(server, {
      name: "Console", first_party: true, required_relation: `organizations:${avnology.slug}#employee`,
    });
    const { email } = await someone(server, "Jane");
    await jane.signIn(email);
    await jane.page.goto(server.url + console.request());
    await jane.page.waitForURL(`${console.home}/callback?**`);
    assert.equal(new URL(jane.page.url()).searchParams.get("error"), "access_denied");
    const told = await silently(jane, server, shop, { scope: "openid" });
    assert.deepEqual([told.active, told.org_id], [true, undefined]);
    shop.close();
    console.close();
  });

  person("nobody registers for the application for customers who is not invited", async ({ jane, server }) => {
    const shop = await application(server, { first_party: true, registration_mode: "by_invitation_or_domain" });
    await jane.page.goto(server.url + shop.request({ prompt: "create" }));
    await jane.sees("sign-up/show_form", "for-an-application");
    await jane.send({ "traits.email": address("stranger"), password: PASSWORD });
    await jane.reads("You need an invitation to join.");
    shop.close();
  });

  person("a guest who is invited registers on the way, and comes to the application with the organization", async ({ jane, server }) => {
    const acme = await team(server, "Acme", { registration_mode: "by_invitation_only" });
    const shop = await application(server, { first_party: true, registration_mode: "by_invitation_or_domain" });
    const email = address("guest");
    await server.api("POST", `/v1/organizations/${acme.id}/invitations`, { email, role: "member" });
    jane.belongs = true;
    const scope = "openid organizations";
    await jane.page.goto(server.url + shop.request({ scope, prompt: "create", organization_id: acme.id }));
    await jane.sees("sign-up/show_form", "for-an-application");
    await jane.reads("to go on to Shop");
    await jane.send({ "traits.email": email, password: PASSWORD });
    await jane.sees("sign-up/verify_address", "for-an-application");
    const { code } = await server.mail(email, "sign_in_code");
    await jane.send({ code });
    await jane.sees("select-organization/join", "invited");
    await jane.press();
    const told = await shop.introspect((await shop.tokens(jane)).access_token);
    assert.deepEqual([told.org_id, told.org_role], [acme.id, "member"]);
    shop.close();
  });
}
