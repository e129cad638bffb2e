// Small manners that HTML alone has not. Every page works without this file.
"use strict";

const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");
const byId = (id) => document.getElementById(id);

// htmx takes every click on a boosted link. New tabs and other pages belong to the browser.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link) return;
  const elsewhere = link.pathname !== location.pathname || link.origin !== location.origin;
  if (elsewhere || event.ctrlKey || event.metaKey || event.shiftKey) event.stopPropagation();
}, true);

// One busy mark for assistive technology and for the bar at the top.
const main = byId("main");
document.addEventListener("htmx:before:request", () => main?.setAttribute("aria-busy", "true"));
document.addEventListener("htmx:finally:request", () => main?.removeAttribute("aria-busy"));

// A request that never arrived, or a fault of the server: say so, leave everything as it is.
const say = (text) => { const flash = byId("flash"); if (flash) flash.textContent = text; };
document.addEventListener("htmx:error", () => say("The server did not answer. What you see is the last answer."));
document.addEventListener("htmx:after:swap", () => {
  say("");
  const said = document.querySelector("[data-announce]");
  const live = byId("live");
  if (said && live) live.textContent = said.dataset.announce;
});

// A menu closes when something else is clicked, and with Escape.
const openMenus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});

// The theme: at once, and in the cookie that the server reads for the next page.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form.theme")) return;
  event.preventDefault();
  const theme = event.submitter.value;
  document.documentElement.dataset.theme = theme;
  document.cookie = `theme=${theme};path=/;max-age=31536000;samesite=lax`;
  for (const button of event.target.elements) {
    if (button.name === "theme") button.setAttribute("aria-pressed", String(button.value === theme));
  }
}, true);

// Keys. A link with data-key is followed, a field is focused; never while typing, never with Alt.
const follow = (key) => {
  const target = document.querySelector(`[data-key~="${CSS.escape(key)}"]`);
  if (!target) return false;
  if (target.matches("input")) { target.focus(); target.select(); } else target.click();
  return true;
};
const escape = () => {
  const help = byId("help");
  if (help?.open) { help.close(); return true; }
  const menus = [...openMenus()];
  if (menus.length) {
    for (const menu of menus) { menu.open = false; menu.querySelector("summary").focus(); }
    return true;
  }
  return follow("Escape");
};
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") {
    if (typing(event.target) && event.target.value) return;
    if (escape()) event.preventDefault();
    return;
  }
  if (typing(event.target)) return;
  if (event.key === "?") { byId("help")?.showModal(); event.preventDefault(); return; }
  if (follow(event.key)) event.preventDefault();
});
