// Forms that ask leave empty fields out of the address.
// A form[data-join="name"] sends its check boxes as one comma list. Dialogs open and close by data attributes.
function tidy(form) {
  const join = form.dataset.join;
  if (join) {
    const boxes = [...form.querySelectorAll(`input[name="${join}"]`)];
    const list = boxes.filter((box) => box.checked).map((box) => box.value).join(",");
    for (const box of boxes) box.disabled = true;
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: join, value: list, className: "joined" }));
  }
  for (const field of form.querySelectorAll("input, select")) if (!field.value && field.name) field.disabled = true;
}

document.addEventListener("submit", (event) => {
  if (event.target.method === "get") tidy(event.target);
});

// Back from another page: the fields that were left out must work again.
addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form[method=get] :disabled")) field.disabled = false;
  for (const field of document.querySelectorAll("input.joined")) field.remove();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-dialog]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialog);
    if (dialog) { event.preventDefault(); dialog.showModal(); }
  }
  const closer = event.target.closest?.("[data-close]");
  if (closer) { event.preventDefault(); closer.closest("dialog")?.close(); }
});

// A second click must not send the same act twice.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post" || event.defaultPrevented) return;
  if (event.target.dataset.sent) return event.preventDefault();
  if (!event.target.matches("[data-preferences], [hx-post]")) event.target.dataset.sent = "1";
});
addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });
