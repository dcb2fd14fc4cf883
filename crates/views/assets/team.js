// Pages about organizations: comfort only, every page does its work without this file.
(() => {
  "use strict";

  // The address of a new team, looked up while its name is typed.
  const name = document.querySelector('[data-page="organization-new"] #flow input[name="name"]');
  const slug = document.getElementById("slug");
  const hint = document.getElementById("slug-hint");
  if (name && slug && hint) {
    hint.setAttribute("role", "status");
    const prefix = new URL("/organizations/", location.href).href;
    let asked = 0;
    let timer;
    const look = async () => {
      const text = slug.value.trim() || name.value.trim();
      const mine = asked += 1;
      if (!text) return;
      const answer = await fetch(`/v1/organizations:checkSlug?slug=${encodeURIComponent(text)}`, {
        headers: { Accept: "application/json" }, credentials: "same-origin",
      }).then((found) => (found.ok ? found.json() : null), () => null);
      if (mine !== asked || !answer?.suggestion) return;
      const taken = slug.value.trim() && !answer.available;
      hint.textContent = `${taken ? "This address is taken. " : ""}${prefix}${answer.suggestion} is free.`;
      hint.classList.toggle("met", !taken);
    };
    for (const input of [name, slug]) {
      input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, 300); });
    }
  }
})();
