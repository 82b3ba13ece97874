// [data-ask] links ask in a dialog instead of on a page of their own. What was decided in a list greys its row and
// moves on to the next one; on a page of one message the page comes again.
import { toast } from "./toast.js";

const FRAGMENT = { headers: { "X-Fragment": "dialog" } };
let row = null;

function dialog() {
  const known = document.getElementById("ask");
  if (known) return known;
  const made = Object.assign(document.createElement("dialog"), { id: "ask" });
  made.setAttribute("aria-labelledby", "ask-title");
  document.body.append(made);
  return made;
}

function fill(text) {
  const box = dialog();
  box.replaceChildren(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
  if (!box.open) box.showModal();
  box.querySelector("[role=alert]")?.scrollIntoView();
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-ask]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  row = link.closest("[data-row]");
  const answer = await fetch(link.href, FRAGMENT).catch(() => null);
  if (answer && (answer.ok || answer.status === 409) && !answer.redirected) fill(await answer.text());
  else location.assign(link.href);
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("#ask form[data-ask-form]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  form.querySelector(".btn-primary").disabled = true;
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form), ...FRAGMENT }).catch(() => null);
  if (!answer) { form.querySelector(".btn-primary").disabled = false; return toast("No answer; nothing was changed", 5); }
  const text = await answer.text();
  if (answer.ok) settled(text);
  else fill(text);
}, true);

function settled(sentence) {
  dialog().close();
  if (!row) return location.reload();
  row = document.getElementById(row.id) ?? row; // the list may have been refreshed meanwhile
  row.dataset.done = "";
  for (const act of row.querySelectorAll("[data-ask]")) act.remove();
  const next = [...document.querySelectorAll("[data-row]:not([data-done])")].find((other) => row.compareDocumentPosition(other) & 4);
  (next ?? row).querySelector("[data-open]")?.focus();
  toast(sentence, 5);
}
