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

  // The key of a new role follows its name until somebody writes it.
  const role = document.querySelector('[data-page="organization-role-new"] #flow');
  const key = role?.querySelector("#key");
  if (key && !key.value) {
    const written = () => key.removeAttribute("data-follows");
    key.dataset.follows = "true";
    key.addEventListener("input", written, { once: true });
    role.querySelector("#name").addEventListener("input", ({ target }) => {
      if (!key.dataset.follows) return;
      const plain = target.value.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-");
      key.value = plain.replace(/^[^a-z]+|-+$/g, "").slice(0, 64);
    });
  }

  // The rule is there for groups that a rule decides on.
  const kind = document.querySelector('[data-page^="organization-group-"] #type');
  if (kind) {
    const parts = [
      document.getElementById("rule").closest(".field"),
      ...document.querySelectorAll('#flow button[value="preview"], #flow .or, [data-of="rule"]'),
    ];
    const follow = () => { for (const part of parts) part.hidden = kind.value !== "dynamic"; };
    kind.addEventListener("change", follow);
    follow();
  }
})();
