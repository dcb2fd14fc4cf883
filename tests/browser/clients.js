// Universal Login: an application sends somebody here and gets them back. Run with JavaScript and without it.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

import { PASSWORD, address } from "./harness/index.js";

/** An application on this machine: a registered client, and a page that people come back to. */
export async function application(server, more = {}) {
  const listening = createServer((request, answer) => {
    answer.setHeader("content-type", "text/html").end("<!doctype html><title>Shop</title><h1>Back in the shop</h1>");
  }).listen(0, "127.0.0.1");
  await once(listening, "listening");
  const home = `http://127.0.0.1:${listening.address().port}`;
  const client = await server.api("POST", "/v1/clients", {
    name: "Shop", type: "web", redirect_uris: [`${home}/callback`], post_logout_redirect_uris: [`${home}/signed-out`], ...more,
  });
  const verifier = randomBytes(32).toString("base64url");
  const call = async (path, form) => {
    const answer = await fetch(server.url + path, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${client.id}:${client.client_secret}`)}` },
      body: new URLSearchParams(form),
    });
    return answer.json();
  };
  return {
    home,
    close: () => listening.close(),
    /** Where it sends people. */
    request: (parameters = {}) => `/oauth2/auth?${new URLSearchParams({
      response_type: "code", client_id: client.id, redirect_uri: `${home}/callback`, scope: "openid email", state: "xyz",
      code_challenge: createHash("sha256").update(verifier).digest("base64url"), code_challenge_method: "S256", ...parameters,
    })}`,
    /** What it gets for the code of the address that somebody came back to. */
    async tokens(person) {
      await person.page.waitForURL(`${home}/callback?**`);
      const back = new URL(person.page.url());
      assert.deepEqual([back.searchParams.get("state"), back.searchParams.get("iss")], ["xyz", server.url]);
      return call("/oauth2/token", {
        grant_type: "authorization_code", code: back.searchParams.get("code"), redirect_uri: `${home}/callback`,
        code_verifier: verifier,
      });
    },
    /** What a token says. */
    introspect: (token) => call("/oauth2/introspect", { token }),
  };
}

/** Somebody with an account who is not signed in. */
export async function someone(server, name) {
  const email = address(name.toLowerCase());
  const { id } = await server.account({ email, password: PASSWORD, first_name: name, last_name: "Doe" });
  return { email, id };
}

/** Adds the tests of applications to a suite. */
export function clients(person) {
  person("an application gets somebody back who signs in and agrees, and the next time nobody is asked", async ({ jane, server }) => {
    const shop = await application(server);
    const { email, id } = await someone(server, "Jane");
    await jane.page.goto(server.url + shop.request());
    await jane.sees("sign-in/choose_method", "for-an-application");
    await jane.identify(email);
    await jane.send({ password: PASSWORD });
    await jane.sees("consent/scopes");
    await jane.reads("Allow Shop?");
    await jane.press("#flow .primary");
    const tokens = await shop.tokens(jane);
    assert.equal((await shop.introspect(tokens.access_token)).sub, id);
    await jane.page.goto(server.url + shop.request());
    assert.ok((await shop.tokens(jane)).id_token);
    shop.close();
  });

  person("somebody says no to an application", async ({ jane, server }) => {
    const shop = await application(server);
    const { email } = await someone(server, "Jane");
    await jane.signIn(email);
    await jane.page.goto(server.url + shop.request());
    await jane.sees("consent/scopes", "refused");
    await jane.press("button[value=deny]");
    await jane.page.waitForURL(`${shop.home}/callback?**`);
    assert.equal(new URL(jane.page.url()).searchParams.get("error"), "access_denied");
    shop.close();
  });

  person("somebody in two organizations chooses for which one an application is opened", async ({ jane, server }) => {
    const shop = await application(server, { first_party: true, organization_selection: "required" });
    const { email, id } = await someone(server, "Jane");
    const names = ["Acme", "Northwind"].map((name) => `${name} ${process.pid} ${Math.random().toString(36).slice(2, 8)}`);
    const made = [];
    for (const name of names) {
      const organization = await server.api("POST", "/v1/organizations", { name });
      await server.api("POST", `/v1/organizations/${organization.id}/members`, { identity_id: id, role: "member" });
      made.push(organization);
    }
    jane.belongs = true;
    await jane.signIn(email);
    for (const organization of made) {
      await jane.page.goto(server.url + shop.request({ scope: "openid organizations" }));
      await jane.sees("select-organization/list");
      await jane.page.getByRole("button", { name: organization.name }).click();
      const told = await shop.introspect((await shop.tokens(jane)).access_token);
      assert.deepEqual([told.org_id, told.org_role], [organization.id, "member"]);
    }
    shop.close();
  });

  person("an application signs somebody out, and asks where it cannot show for whom", async ({ jane, server }) => {
    const shop = await application(server, { first_party: true });
    const { email } = await someone(server, "Jane");
    await jane.signIn(email);
    await jane.page.goto(server.url + shop.request());
    const { id_token: hint } = await shop.tokens(jane);
    const after = `${shop.home}/signed-out`;
    await jane.page.goto(`${server.url}/oauth2/logout`);
    await jane.sees("sign-out/confirm", "by-an-application");
    const query = new URLSearchParams({ id_token_hint: hint, post_logout_redirect_uri: after });
    await jane.page.goto(`${server.url}/oauth2/logout?${query}`);
    await jane.page.waitForURL(after);
    assert.equal(await jane.isSignedIn(), false);
    shop.close();
  });

  person("an application that nobody knows sends nobody anywhere", async ({ jane, server }) => {
    const shop = await application(server);
    await jane.page.goto(server.url + shop.request({ redirect_uri: "https://evil.example/" }));
    await jane.sees("error/error", "by-an-application");
    assert.equal(await jane.page.locator("#error-code").textContent(), "invalid_request");
    shop.close();
  });
}
