// Theme, density, times and keys change at once and are stored behind; without script the form reloads the page.
import { showTimes } from "./times.js";
import { toast } from "./toast.js";

const APPLY = {
  theme: (value) => { document.documentElement.dataset.theme = value; },
  density: (value) => { document.documentElement.dataset.density = value; },
  times: showTimes,
  shortcuts: (value) => { document.documentElement.dataset.shortcuts = value === "True" ? "on" : "off"; },
};

// Offer the browser's own time zone where it is not the reader's yet.
const own = document.querySelector("[data-own-zone]");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (own && here && own.dataset.ownZone !== here) {
  own.value = here;
  own.textContent = `Set my zone to ${here}`;
  own.hidden = false;
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  if (!form.matches("form[data-preferences]") || !button || !(button.name in APPLY)) return;
  event.preventDefault();
  APPLY[button.name](button.value);
  for (const one of button.parentElement.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one === button));
  document.dispatchEvent(new CustomEvent("preference", { detail: { name: button.name, value: button.value } }));
  const answer = await fetch(form.action, {
    method: "POST", body: new FormData(form, button), headers: { Accept: "application/json" },
  }).catch(() => null);
  if (!answer?.ok) toast("This could not be saved; it holds for this page only", 5);
});
