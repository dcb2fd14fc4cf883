// A small application whose people sign in at Avnology ID, for one of their organizations.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import { createRemoteJWKSet, jwtVerify } from "jose";
import * as oidc from "openid-client";

const { ISSUER = "http://localhost:8080", HOME_URL = "http://localhost:3000" } = process.env;
const CALLBACK = `${HOME_URL}/callback`;
const { id, client_secret } = JSON.parse(readFileSync("client.json", "utf8"));
const config = await oidc.discovery(new URL(ISSUER), id, undefined, oidc.ClientSecretBasic(client_secret), {
  execute: [oidc.allowInsecureRequests], // For http, which is for trying things out alone.
});
const { issuer, jwks_uri } = config.serverMetadata();
const keys = createRemoteJWKSet(new URL(jwks_uri));

/** Browsers by their cookie: what one has to come back with that was sent to sign in, or what the ID token says of who came. */
const browsers = new Map();

/** Sends a browser to the sign-in. */
async function signIn({ browser, query }) {
  browser.asked = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  };
  const chooses = query.has("choose") && { prompt: "select_organization" };
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: "openid profile email organizations permissions",
    state: browser.asked.expectedState,
    nonce: browser.asked.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(browser.asked.pkceCodeVerifier),
    code_challenge_method: "S256",
    ...chooses,
  });
  return { location: url.href };
}

/** Checks what a browser came back with. Who came gets a new cookie. */
async function comeBack({ browser, url, cookie }) {
  const tokens = await oidc.authorizationCodeGrant(config, url, browser.asked ?? {});
  browsers.delete(cookie);
  return { location: "/", become: { claims: tokens.claims(), idToken: tokens.id_token } };
}

/** Signs out here, and then there, which tells every other application. */
async function signOut({ browser, cookie }) {
  browsers.delete(cookie);
  if (!browser.idToken) return { location: "/" };
  const url = oidc.buildEndSessionUrl(config, { id_token_hint: browser.idToken, post_logout_redirect_uri: `${HOME_URL}/` });
  return { location: url.href };
}

/** Is told that a session ended there, wherever that was done. */
async function sessionEnded({ body }) {
  const { payload } = await jwtVerify(body.get("logout_token"), keys, { issuer, audience: id, typ: "logout+jwt" });
  if (!payload.events?.["http://schemas.openid.net/event/backchannel-logout"]) throw new Error("no logout token");
  for (const [cookie, { claims }] of browsers) if (claims?.sid === payload.sid) browsers.delete(cookie);
  return { html: "" };
}

const safe = (text) => String(text).replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);
const list = (items) => items.map((item) => `<li>${safe(item)}</li>`).join("");

async function home({ browser: { claims } }) {
  if (!claims) return { html: `<h1>Notes</h1><p><a href="/sign-in">Sign in</a></p>` };
  return {
    html: `<h1>Notes of ${safe(claims.org_name ?? claims.email)}</h1>
<dl><dt>Signed in as</dt><dd id="email">${safe(claims.email)}</dd>
<dt>org_id</dt><dd id="org_id">${safe(claims.org_id ?? "none")}</dd>
<dt>org_role</dt><dd id="org_role">${safe(claims.org_role ?? "none")}</dd>
<dt>permissions</dt><dd><ul id="permissions">${list(claims.permissions ?? [])}</ul></dd></dl>
<p><a href="/sign-in?choose">Another organization</a></p>
<form method="post" action="/sign-out"><button>Sign out everywhere</button></form>`,
  };
}

const routes = {
  "GET /": home,
  "GET /sign-in": signIn,
  "GET /callback": comeBack,
  "POST /sign-out": signOut,
  "POST /session-ended": sessionEnded,
};

async function answer(request, response) {
  const url = new URL(request.url, HOME_URL);
  const route = routes[`${request.method} ${url.pathname}`];
  if (!route) return response.writeHead(404).end();
  let text = "";
  for await (const part of request) text += part;
  const [, cookie = randomUUID()] = /(?:^|; )notes=([\w-]+)/.exec(request.headers.cookie ?? "") ?? [];
  const browser = browsers.get(cookie) ?? {};
  const { html, location, become } = await route({ browser, cookie, url, query: url.searchParams, body: new URLSearchParams(text) });
  const next = become ? randomUUID() : cookie;
  if (become || browser.asked) browsers.set(next, become ?? browser);
  const headers = { "set-cookie": `notes=${next}; Path=/; HttpOnly; SameSite=Lax` };
  if (location) return response.writeHead(303, { ...headers, location }).end();
  return response.writeHead(200, { ...headers, "content-type": "text/html; charset=utf-8" }).end(`<!doctype html><title>Notes</title>${html}`);
}

createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(400, { "content-type": "text/plain" }).end(error.message));
}).listen(new URL(HOME_URL).port, "localhost", () => console.log(HOME_URL));
