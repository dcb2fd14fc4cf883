// The doors of organizations: signing in and up at their own pages, by invitation, and what is told to whom they turn away.
// Run with JavaScript and without it.

import assert from "node:assert/strict";

import { PASSWORD, address } from "./harness/index.js";

let counted = 0;

/** An organization that a program makes, in use. */
export async function organization(server, more = {}) {
  const name = `Globex ${process.pid} ${counted += 1}`;
  const made = await server.api("POST", "/v1/organizations", { name, ...more });
  return {
    ...made,
    change: (patch) => server.api("PATCH", `/v1/organizations/${made.id}`, patch),
    /** An account that belongs to it. */
    async member(role = "member", given = "Mia") {
      const email = address(given.toLowerCase());
      const { id } = await server.account({ email, password: PASSWORD, first_name: given, last_name: "Doe" });
      await server.api("POST", `/v1/organizations/${made.id}/members`, { identity_id: id, role });
      return email;
    },
  };
}

/** Signs in at the page that is open. */
export async function signInHere(person, email, password = PASSWORD) {
  await person.sees("sign-in/choose_method", "organization");
  await person.send({ identifier: email });
  await person.sees("sign-in/choose_method", "organization-methods");
  await person.send({ password });
}

/** Adds the tests of the doors to a suite. */
export function entries(person) {
  person("a member signs in at the organization's own page and is there at once", async ({ jane, server }) => {
    jane.belongs = true;
    const globex = await organization(server);
    const email = await globex.member();
    await jane.go(`/org/${globex.slug}`);
    await jane.reads(`Sign in to ${globex.name}`);
    await signInHere(jane, email);
    await jane.sees("organization/overview", "at-door");
    assert.equal(new URL(jane.page.url()).pathname, `/organizations/${globex.slug}`);
    await jane.go(`/org/${globex.slug}?return_to=%2Faccount%2Fsessions`);
    await jane.sees("account-sessions/list", "member");
  });

  person("whoever does not belong there is told so, and where else to go", async ({ jane, server }) => {
    jane.belongs = true;
    const globex = await organization(server);
    const email = address();
    await server.account({ email, password: PASSWORD });
    await jane.go(`/org/${globex.slug}`);
    await signInHere(jane, email);
    await jane.sees("sign-in/blocked", "not-a-member");
    await jane.reads(`You do not belong to ${globex.name}`);
    assert.equal(await jane.isSignedIn(), false);
    await jane.press("#continue");
    await jane.sees("sign-in/choose_method", "identifier");
  });

  person("whoever may join is asked, and may decline", async ({ jane, server }) => {
    jane.belongs = true;
    const globex = await organization(server, { registration_mode: "public" });
    const email = address();
    await server.account({ email, password: PASSWORD });
    const ask = async () => {
      await jane.go(`/org/${globex.slug}`);
      await signInHere(jane, email);
      await jane.sees("sign-in/choose_organization");
    };
    await ask();
    await jane.press('button:has-text("Do not join")');
    await jane.sees("sign-in/blocked", "not-joined");
    assert.equal(await jane.isSignedIn(), false);
    await ask();
    await jane.press();
    await jane.sees("organization/overview", "joined-at-door");
  });

  person("a new person makes an account at the organization's page and belongs to it", async ({ jane, server }) => {
    jane.belongs = true;
    const globex = await organization(server, { registration_mode: "public" });
    await jane.go(`/org/${globex.slug}`);
    await jane.sees("sign-in/choose_method", "organization");
    await jane.press(".prompt a");
    await jane.sees("sign-up/show_form", "organization");
    await jane.reads(`Join ${globex.name}`);
    const email = address("ned");
    await jane.send({ "traits.email": email, password: PASSWORD });
    await jane.sees("verify/sent_email");
    const { code } = await server.mail(email, "verification");
    await jane.send({ code });
    await jane.sees("verify/passed_challenge");
    await jane.go(`/organizations/${globex.slug}`);
    await jane.sees("organization/overview", "new-member");
  });

  person("a door that is shut says why", async ({ jane, server }) => {
    jane.belongs = true;
    const globex = await organization(server);
    const signUp = `/org/${globex.slug}/sign-up`;
    assert.equal((await jane.go(signUp)).status(), 403);
    await jane.sees("sign-up/needs_invitation");
    await jane.press("#continue");
    await jane.sees("sign-in/choose_method", "organization");
    assert.equal(await jane.page.locator(".prompt a").count(), 0, "nobody is led to where they cannot register");
    await globex.change({ registration_mode: "sso_only" });
    await jane.go(signUp);
    await jane.sees("sign-up/sso_only");
    await globex.change({ registration_mode: "closed" });
    assert.equal((await jane.go(signUp)).status(), 404);
    await server.api("POST", `/v1/organizations/${globex.id}:suspend`, { reason: "test" });
    assert.equal((await jane.go(`/org/${globex.slug}`)).status(), 403);
    await jane.sees("sign-in/organization_suspended");
    await server.api("POST", `/v1/organizations/${globex.id}:activate`, { reason: "test" });
    await server.api("DELETE", `/v1/organizations/${globex.id}`);
    for (const path of [`/org/${globex.slug}`, signUp, "/org/nobody-has-this", "/org/personal", `/org/${globex.id}`]) {
      assert.equal((await jane.go(path)).status(), 404, path);
      await jane.sees("error/not_found");
    }
  });

  person("an invitation lets a new person in where nobody else can register", async ({ jane, server }) => {
    jane.belongs = true;
    const globex = await organization(server);
    const email = address("ivy");
    await server.api("POST", `/v1/organizations/${globex.id}/invitations`, { email, role: "member" });
    const { link } = await server.mail(email, "invitation");
    await server.settings({ registration: { mode: "closed" } });
    try {
      await jane.go(link);
      await jane.sees("invitation/sign_up");
      await jane.press("#continue");
      await jane.sees("sign-up/invitation");
      assert.equal(await jane.page.locator('[id="traits.email"]').getAttribute("readonly"), "");
      await jane.page.locator("#password").fill(PASSWORD);
      await jane.press();
      await jane.sees("organization/overview", "invited");
      await jane.go("/invitations");
      await jane.sees("invitation/used");
    } finally {
      await server.settings({ registration: { mode: "public" } });
    }
  });

  person("an address at an organization's domain says where it leads, whoever has an account", async ({ jane, server }) => {
    jane.belongs = true;
    const globex = await organization(server);
    await jane.go(`/org/${globex.slug}`);
    await jane.sees("sign-in/choose_method", "organization");
    await jane.go("/sign-in");
    await jane.send({ identifier: `nobody.${process.pid}@example.com` });
    await jane.sees("sign-in/choose_method", "methods");
    assert.doesNotMatch(await jane.page.content(), /Globex/u, "an address elsewhere leads nowhere");
  });
}
