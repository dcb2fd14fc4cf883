// A CAPTCHA provider on loopback: a widget with one button, and tokens that are good once.

import { once } from "node:events";
import { createServer } from "node:http";

export const SITE = "browser-site";
export const SECRET = "browser-secret";

// What both providers' scripts offer, as far as our page uses it.
const SCRIPT = `(() => {
  const render = (place, options) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "secondary";
    button.id = "human";
    button.textContent = "I am human";
    button.addEventListener("click", async () => {
      const asked = await fetch(new URL("/token?site=" + options.sitekey + "&action=" + options.action, ORIGIN));
      options.callback(await asked.text());
      button.textContent = "Thank you";
    });
    place.append(button);
  };
  window.turnstile = window.hcaptcha = { render };
  window[new URL(document.querySelector('script[src*="/api.js"]').src).searchParams.get("onload")]();
})();`;

export async function startCaptcha() {
  const tokens = new Map();
  let isGone = false;
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    const answer = (status, type, body) => {
      response.writeHead(status, { "content-type": type, "access-control-allow-origin": "*" }).end(body);
    };
    if (isGone) return answer(503, "text/plain", "");
    if (url.pathname === "/api.js") {
      return answer(200, "text/javascript", SCRIPT.replace("ORIGIN", JSON.stringify(origin)));
    }
    if (url.pathname === "/token") {
      const token = `token-${tokens.size}`;
      tokens.set(token, { action: url.searchParams.get("action"), used: url.searchParams.get("site") !== SITE });
      return answer(200, "text/plain", token);
    }
    let body = "";
    for await (const part of request) body += part;
    const fields = new URLSearchParams(body);
    const token = tokens.get(fields.get("response"));
    const success = fields.get("secret") === SECRET && token !== undefined && !token.used;
    if (token) token.used = true;
    const codes = success ? {} : { "error-codes": ["invalid-input-response"] };
    return answer(200, "application/json", JSON.stringify({ success, action: token?.action, hostname: "localhost", ...codes }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    /** Answers nothing from now on, or again. */
    goes(gone) { isGone = gone; },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
