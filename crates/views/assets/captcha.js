// CAPTCHAs: the provider's widget, and its answer in every form that takes one. Without this file a code by mail is the way.
(() => {
  "use strict";
  const place = document.querySelector("[data-captcha]");
  if (!place) return;
  const { captcha: provider, siteKey, script, action } = place.dataset;
  const status = document.querySelector("[data-captcha-status]");
  const fields = document.querySelectorAll('input[name="captcha_token"]');
  const set = (token) => { for (const field of fields) field.value = token; };
  const say = (text) => { status.textContent = text; };
  const failed = () => say("The check could not be loaded. Choose another way, or have a code e-mailed to you.");
  // Both providers call this by name once they are ready, and take what they know of these options.
  window.avnologyCaptcha = () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    window[provider].render(place, {
      sitekey: siteKey, action, theme: dark ? "dark" : "light", size: place.clientWidth < 304 ? "compact" : "normal",
      language: document.documentElement.lang, "response-field": false,
      callback: (token) => { set(token); say(""); },
      "expired-callback": () => set(""),
      "error-callback": () => { set(""); failed(); },
    });
  };
  const element = document.createElement("script");
  element.src = `${script}&onload=avnologyCaptcha`;
  element.addEventListener("error", failed);
  document.head.append(element);
  // What was typed is not lost to an answer that says what the page knows: the check comes first.
  const form = place.closest("form");
  form.addEventListener("submit", (event) => {
    const sends = event.submitter?.value;
    const asks = !form.elements.code && sends !== "captcha";
    if (!asks || form.elements.captcha_token.value || !place.childElementCount) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    say("Confirm that you are human first, or choose another way.");
    place.scrollIntoView({ block: "nearest" });
  }, { capture: true });
  // Back from the next page: a token that was used is good for nothing.
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
