// A device without a browser, whose person confirms it here. Run with JavaScript and without it.

import assert from "node:assert/strict";

import { PASSWORD, address } from "./harness/index.js";

const GRANT = "urn:ietf:params:oauth:grant-type:device_code";

/** A television, which has asked for its codes. */
async function television(server, more = {}) {
  const client = await server.api("POST", "/v1/clients", { name: "Living Room TV", type: "device", ...more });
  const call = async (path, form) => {
    const body = new URLSearchParams({ client_id: client.id, ...form });
    return (await fetch(server.url + path, { method: "POST", body })).json();
  };
  const codes = await call("/oauth2/device/auth", { scope: "openid email offline_access" });
  return {
    codes,
    page: new URL(codes.verification_uri_complete).pathname + new URL(codes.verification_uri_complete).search,
    /** What it is told. */
    ask: () => call("/oauth2/token", { grant_type: GRANT, device_code: codes.device_code }),
  };
}

/** Somebody with an account who is not signed in. */
async function someone(server) {
  const email = address("jane");
  const { id } = await server.account({ email, password: PASSWORD, first_name: "Jane", last_name: "Doe" });
  return { email, id };
}

/** Adds the tests of devices to a suite. */
export function deviceGrant(person) {
  person("somebody enters the code of a device, signs in and lets it have what it asks for", async ({ jane, server }) => {
    const tv = await television(server);
    const { email } = await someone(server);
    await jane.page.goto(`${server.url}/device`);
    await jane.identify(email);
    await jane.send({ password: PASSWORD });
    await jane.sees("device/enter_code");
    await jane.send({ user_code: "BBBB-BBBB" });
    await jane.sees("device/enter_code", "wrong");
    await jane.reads("This code is not right");
    await jane.send({ user_code: tv.codes.user_code.toLowerCase().replace("-", "") });
    await jane.sees("device/confirm");
    await jane.reads(tv.codes.user_code);
    assert.equal((await tv.ask()).error, "authorization_pending");
    await jane.press("#flow .primary");
    await jane.sees("device/done");
    const tokens = await tv.ask();
    assert.equal(tokens.scope, "openid email offline_access");
    assert.equal((await tv.ask()).error, "invalid_grant");
  });

  person("a code in the address is confirmed all the same, and somebody says no", async ({ jane, server }) => {
    const tv = await television(server);
    const { email } = await someone(server);
    await jane.page.goto(server.url + tv.page);
    await jane.identify(email);
    await jane.send({ password: PASSWORD });
    await jane.sees("device/confirm", "by-address");
    await jane.page.getByRole("button", { name: "Do not allow" }).click();
    await jane.sees("device/denied");
    assert.equal((await tv.ask()).error, "access_denied");
    await jane.page.goto(server.url + tv.page);
    await jane.sees("device/expired");
  });

  person("somebody who belongs to an organization says what a device is for", async ({ jane, server }) => {
    const tv = await television(server);
    const { email, id } = await someone(server);
    const name = `Acme ${process.pid} ${Math.random().toString(36).slice(2, 8)}`;
    const organization = await server.api("POST", "/v1/organizations", { name });
    await server.api("POST", `/v1/organizations/${organization.id}/members`, { identity_id: id, role: "member" });
    jane.belongs = true;
    await jane.signIn(email);
    await jane.page.goto(server.url + tv.page);
    await jane.sees("device/confirm", "for-organizations");
    await jane.page.getByLabel("For", { exact: true }).selectOption(organization.id);
    await jane.press("#flow .primary");
    await jane.sees("device/done");
    const [, claims] = (await tv.ask()).access_token.split(".");
    assert.equal(JSON.parse(Buffer.from(claims, "base64url")).org_id, organization.id);
  });
}
