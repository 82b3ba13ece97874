// A fragment that could not be fetched says so, with the id under which the answer can be found again.
import { toast } from "./toast.js";

document.body.addEventListener("htmx:responseError", (event) => {
  const id = event.detail.xhr.getResponseHeader("X-Request-Id");
  toast(`This part could not be loaded (${event.detail.xhr.status}${id ? `, request ${id}` : ""})`, 8);
});
document.body.addEventListener("htmx:sendError", () => toast("The server did not answer; try again", 8));
