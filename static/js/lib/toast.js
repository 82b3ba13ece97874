// One short sentence at the edge of the page, read out politely.
export function toast(text, seconds = 2.5) {
  const box = document.getElementById("toasts");
  if (!box) return;
  const note = document.createElement("p");
  note.textContent = text;
  box.append(note);
  setTimeout(() => note.remove(), seconds * 1000);
}
