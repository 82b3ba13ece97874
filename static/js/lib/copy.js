// [data-copy="text"], [data-copy-from="#id"] (its text), [data-copy-fetch] (what its link leads to) and
// [data-copy-link] (this page's address) copy on click.
import { toast } from "./toast.js";

async function wanted(button) {
  if ("copyFetch" in button.dataset) return (await fetch(button.href)).text();
  if ("copyLink" in button.dataset) return new URL(button.dataset.copyLink || location.href, location.href).href;
  if (button.dataset.copyFrom) return document.querySelector(button.dataset.copyFrom)?.textContent ?? "";
  return button.dataset.copy;
}

async function put(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http hosts other than localhost have no clipboard API.
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy], [data-copy-from], [data-copy-link], [data-copy-fetch]");
  if (!button || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  try {
    await put(await wanted(button));
    toast(`Copied ${button.dataset.what || "to the clipboard"}`);
  } catch {
    toast("The browser did not allow copying");
  }
});
