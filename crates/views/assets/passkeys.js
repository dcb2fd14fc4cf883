// Passkeys: the browser's own dialogue, where it has one (WebAuthn Level 3, JSON forms). Without this file pages offer other ways.
(() => {
  "use strict";
  const all = (selector) => document.querySelectorAll(selector);
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => buffer && btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = (list = []) => list.map((known) => ({ ...known, id: bytes(known.id) }));
  const ask = async (kind, options, rest) => {
    const publicKey = { ...options, challenge: bytes(options.challenge) };
    if (kind === "create") {
      publicKey.user = { ...options.user, id: bytes(options.user.id) };
      publicKey.excludeCredentials = listed(options.excludeCredentials);
    } else {
      publicKey.allowCredentials = listed(options.allowCredentials);
    }
    const made = await navigator.credentials[kind]({ publicKey, ...rest });
    const { response } = made;
    const answer = { clientDataJSON: text(response.clientDataJSON) };
    if (kind === "create") {
      answer.attestationObject = text(response.attestationObject);
      answer.transports = response.getTransports?.() ?? [];
    } else {
      answer.authenticatorData = text(response.authenticatorData);
      answer.signature = text(response.signature);
      if (response.userHandle) answer.userHandle = text(response.userHandle);
    }
    return JSON.stringify({
      id: made.id, rawId: text(made.rawId), type: made.type, response: answer, clientExtensionResults: {},
      authenticatorAttachment: made.authenticatorAttachment,
    });
  };
  if (window.PublicKeyCredential) {
    for (const shown of all("[data-passkeys]")) shown.hidden = false;
    for (const told of all("[data-without-passkeys]")) told.hidden = true;
    for (const { dataset } of all("[data-removed-passkey]")) {
      const known = { rpId: dataset.removedFrom, credentialId: dataset.removedPasskey };
      PublicKeyCredential.signalUnknownCredential?.(known).catch(() => {});
    }
    for (const form of all("form[data-passkey]")) {
      const { passkey: kind, mediation } = form.dataset;
      const options = JSON.parse(form.dataset.options);
      const field = form.elements.passkey_response;
      const status = form.querySelector("[data-passkey-status]");
      let waiting;
      const run = async (rest) => {
        field.value = await ask(kind, options, rest);
        HTMLFormElement.prototype.submit.call(form);
      };
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        waiting?.abort();
        status.textContent = "";
        try {
          await run({});
        } catch (error) {
          delete form.dataset.sent;
          form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
          status.textContent = error.name === "InvalidStateError"
            ? "This device has a passkey for your account already."
            : "Nothing was done. Try again, or choose another way.";
        }
      }, { capture: true });
      // The browser offers passkeys as the field is filled in.
      if (mediation === "conditional" && PublicKeyCredential.isConditionalMediationAvailable) {
        PublicKeyCredential.isConditionalMediationAvailable().then((there) => {
          if (!there) return;
          waiting = new AbortController();
          run({ mediation: "conditional", signal: waiting.signal }).catch(() => {});
        });
      }
    }
  }
})();
