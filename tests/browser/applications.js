// What somebody allowed applications to do, and taking it back. Run with JavaScript and without it.

import assert from "node:assert/strict";

import { application, someone } from "./clients.js";

/** Allows what an application asks for. */
async function allow(jane, server, shop, parameters) {
  await jane.page.goto(server.url + shop.request(parameters));
  await jane.sees("consent/scopes");
  await jane.press("#flow .primary");
  return shop.tokens(jane);
}

/** Adds the tests of the page of applications to a suite. */
export function applications(person) {
  person("somebody looks at what an application may do, and takes it back", async ({ jane, server }) => {
    const shop = await application(server);
    const { email } = await someone(server, "Jane");
    await jane.signIn(email);
    await jane.page.goto(`${server.url}/account/applications`);
    await jane.sees("account-applications/none");
    const tokens = await allow(jane, server, shop, { scope: "openid email profile" });
    assert.equal((await shop.introspect(tokens.access_token)).active, true);
    await jane.page.goto(`${server.url}/account`);
    await jane.page.getByRole("link", { name: "Applications" }).click();
    await jane.sees("account-applications/list");
    await jane.reads("Shop");
    await jane.reads("See your e-mail address");
    await jane.page.getByRole("button", { name: /^Remove/u }).click();
    await jane.sees("account-applications/none", "removed");
    await jane.reads("Its access has ended.");
    assert.equal((await shop.introspect(tokens.access_token)).active, false);
    await jane.page.goto(server.url + shop.request());
    await jane.sees("consent/scopes", "again");
    shop.close();
  });

  person("a member of two organizations sees applications by where they are for", async ({ jane, server }) => {
    const shop = await application(server);
    const { email, id } = await someone(server, "Jane");
    const name = `Acme ${process.pid} ${Math.random().toString(36).slice(2, 8)}`;
    const acme = await server.api("POST", "/v1/organizations", { name });
    await server.api("POST", `/v1/organizations/${acme.id}/members`, { identity_id: id, role: "member" });
    jane.belongs = true;
    await jane.signIn(email);
    await allow(jane, server, shop, { scope: "openid" });
    await allow(jane, server, shop, { scope: "openid organizations", organization_id: acme.id });
    await jane.page.goto(`${server.url}/account/applications`);
    await jane.sees("account-applications/list", "of-a-member");
    assert.equal(await jane.page.locator("h2").count(), 1, "in one list");
    await jane.reads(name);
    await jane.page.context().addCookies([{ name: "X-Avnology-Org", value: acme.id, url: server.url }]);
    await jane.page.goto(`${server.url}/account/applications`);
    await jane.sees("account-applications/list", "grouped");
    assert.deepEqual(await jane.page.locator("main h2").allTextContents(), ["Personal", name]);
    shop.close();
  });
}
