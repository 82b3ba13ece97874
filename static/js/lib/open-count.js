// How many exceptions are open stands in the menu, the title and the icon; it follows the hints.
const mark = document.querySelector("[data-open-count]");

document.body.addEventListener("live:exceptions", async () => {
  const answer = await fetch(mark.dataset.openCount).catch(() => null);
  if (!answer?.ok) return;
  const open = Number(await answer.text());
  mark.hidden = open === 0;
  mark.textContent = open;
  document.title = document.title.replace(/^(\(\d+\) )?/, open ? `(${open}) ` : "");
  document.getElementById("favicon").href = `/favicon.svg?open=${open}`;
});
