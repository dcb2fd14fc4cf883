// A strict tenant: an account belongs to one organization, and a browser holds sessions to several side by side.

import assert from "node:assert/strict";

import { PASSWORD, address, suite } from "./harness/index.js";
import { organization, signInHere } from "./organization-entry.js";

const person = suite({ settings: { identity_federation_mode: "strict" } });

const account = (server, place, email) => server.api("POST", "/v1/identities", {
  identity: { email, email_verified: true, first_name: "Jane" }, organization_id: place.id, initial_password: PASSWORD,
});

person("one address has an account in each organization, and the switcher leads from one to the other", async ({ jane, server }) => {
  jane.belongs = true;
  const [one, other] = [await organization(server), await organization(server)];
  const email = address();
  for (const place of [one, other]) await account(server, place, email);

  await jane.go("/sign-in");
  await jane.sees("sign-in/choose_method", "strict");
  await jane.send({ identifier: email });
  await jane.sees("sign-in/choose_method", "strict-homeless");

  for (const place of [one, other]) {
    await jane.go(`/org/${place.slug}`);
    await signInHere(jane, email);
    await jane.sees("organization/overview", "strict");
    assert.equal(new URL(jane.page.url()).pathname, `/organizations/${place.slug}`);
  }
  await jane.page.locator("details.switcher > summary").click();
  assert.equal(await jane.page.getByText("Personal").count(), 0, "there is no personal account");
  await jane.sees("organization/overview", "strict-switcher");
  await jane.page.getByRole("link", { name: `Sign in to ${one.name}` }).click();
  await jane.page.waitForURL(`**/organizations/${one.slug}`);
  await jane.sees("organization/overview", "strict-switched");
  await jane.go("/account");
  await jane.sees("account/overview", "strict");
  await jane.reads(one.name);
  await jane.signOut();
  await jane.go(`/organizations/${other.slug}`);
  await jane.sees("organization/overview", "strict-still-there");
});

person("whoever is signed in elsewhere accepts an invitation by making an account", async ({ jane, server }) => {
  jane.belongs = true;
  const [one, other] = [await organization(server), await organization(server)];
  const email = address();
  await account(server, one, email);
  await jane.go(`/org/${one.slug}`);
  await signInHere(jane, email);
  await jane.sees("organization/overview", "strict");
  await server.api("POST", `/v1/organizations/${other.id}/invitations`, { email, role: "member" });
  const { link } = await server.mail(email, "invitation");
  await jane.go(link);
  await jane.sees("invitation/sign_up", "strict");
  await jane.press("#continue");
  await jane.sees("sign-up/invitation", "strict");
  await jane.page.locator("#password").fill(PASSWORD);
  await jane.press();
  await jane.sees("organization/overview", "strict-invited");
  assert.equal(new URL(jane.page.url()).pathname, `/organizations/${other.slug}`);
});
