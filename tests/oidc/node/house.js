// The server of these tests: its API, the clients that are registered there, and a person at a browser.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

export const ISSUER = process.env.OIDC_ISSUER;
export const CALLBACK = "http://127.0.0.1/callback";
export const SIGNED_OUT = "http://127.0.0.1/signed-out";
export const SCOPE = "openid profile email offline_access";
const PASSWORD = "violet-harbour-quilt-93";

/** Calls the API as a program with every right. */
async function call(path, body) {
  const answer = await fetch(ISSUER + path, {
    method: "POST",
    headers: { authorization: `Bearer ${process.env.OIDC_API_KEY}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 201, await answer.clone().text());
  return answer.json();
}

/** A client's id, and its secret if it has one. */
export async function register(type = "web", members = {}) {
  const addresses = { first_party: true, redirect_uris: [CALLBACK], post_logout_redirect_uris: [SIGNED_OUT] };
  const made = await call("/v1/clients", { name: "Shop", type, ...(type !== "machine" && addresses), ...members });
  return { id: made.id, secret: made.client_secret };
}

/** A token by which a client may register itself. */
export const initialAccessToken = async () => (await call("/v1/initial-access-tokens", {})).token;

/** A key of a client, and the set that it registers. */
export async function keyPair(alg, parameters) {
  const pair = await crypto.subtle.generateKey(parameters, true, ["sign", "verify"]);
  const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const jwk = JSON.parse(JSON.stringify({ kty, crv, x, y, n, e, alg, kid: randomUUID(), use: "sig" }));
  return { key: pair.privateKey, kid: jwk.kid, jwks: { keys: [jwk] } };
}

const RSA = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };
/** Keys that a client may sign with. */
export const KEYS = {
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  PS256: { name: "RSA-PSS", ...RSA },
  RS256: { name: "RSASSA-PKCS1-v1_5", ...RSA },
};

/** Somebody with an account, and a browser of their own. */
export class Person {
  #cookies = new Map();

  static async create() {
    const person = new Person();
    person.email = `jane.${randomUUID().slice(0, 13)}@example.com`;
    const identity = { email: person.email, email_verified: true, first_name: "Jane", last_name: "Doe" };
    person.id = (await call("/v1/identities", { identity, initial_password: PASSWORD })).id;
    return person;
  }

  async #fetch(url, { headers, ...options } = {}) {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(new URL(url, ISSUER), { redirect: "manual", headers: { cookie, ...headers }, ...options });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/;\s*max-age=0/i.test(line)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return answer;
  }

  /** Where a page leads to. */
  async visit(url) {
    const answer = await this.#fetch(url);
    assert.equal(answer.status, 303, await answer.clone().text());
    return answer.headers.get("location");
  }

  /** Follows a client's request, by the sign-in if need be, until it leads back to the client. */
  async authorize(url, callback = CALLBACK) {
    let location = await this.visit(url);
    if (location.startsWith("/sign-in?")) {
      const returnTo = new URL(location, ISSUER).searchParams.get("return_to");
      location = await this.visit(await this.#signIn(returnTo));
    }
    if (location.startsWith("/consent?")) {
      location = await this.visit(await this.#send(location, "/consent", "accept"));
    }
    assert.ok(location.startsWith(`${callback}?`), location);
    return new URL(location);
  }

  /** Where a sign-in leads to. */
  async #signIn(returnTo) {
    const query = new URLSearchParams({ type: "browser", return_to: returnTo });
    const { ui } = await (await this.#fetch(`/v1/flows/login?${query}`)).json();
    const token = ui.nodes.find((node) => node.attributes.name === "csrf_token").attributes.value;
    const done = await this.#fetch(ui.action, {
      method: "POST",
      headers: { "content-type": "application/json", origin: ISSUER },
      body: JSON.stringify({
        method: "password",
        body: { identifier: this.email, password: PASSWORD, csrf_token: token },
      }),
    });
    assert.equal(done.status, 200, await done.clone().text());
    return (await done.json()).redirect_to;
  }

  /** Where it leads to that somebody decides on a page, with every box ticked. */
  async #send(page, action, decision) {
    const text = await (await this.#fetch(page)).text();
    const form = new URLSearchParams(new URL(page, ISSUER).searchParams);
    form.set("csrf_token", /name="csrf_token" value="([^"]+)"/.exec(text)[1]);
    form.set("decision", decision);
    for (const [, scope] of text.matchAll(/name="scope" value="([^"]+)"/g)) form.append("scope", scope);
    const done = await this.#fetch(action, { method: "POST", headers: { origin: ISSUER }, body: form });
    assert.equal(done.status, 303, await done.clone().text());
    return done.headers.get("location");
  }

  /** Says yes or no to a device. */
  async answerDevice({ verification_uri_complete: page }, decision) {
    const signIn = await this.visit(page);
    await this.#signIn(new URL(signIn, ISSUER).searchParams.get("return_to"));
    await this.#send(page, "/device/confirm", decision);
  }

  async isSignedIn() {
    return (await this.#fetch("/v1/sessions/whoami")).status === 200;
  }
}
