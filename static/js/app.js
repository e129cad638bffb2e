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
// A part that asks for itself every second is none of that.
const quiet = ({ detail: { ctx } }) => ctx?.sourceElement?.matches?.("[data-quiet]");
document.addEventListener("htmx:before:request", (event) => {
  if (!quiet(event)) byId("main")?.setAttribute("aria-busy", "true");
});
document.addEventListener("htmx:finally:request", () => byId("main")?.removeAttribute("aria-busy"));

// A link followed right after typing took the words along: the typing, late by its pause, must
// not replace the link's answer.
let followed = null;
document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  followed = ctx.sourceElement.matches("a") ? ctx : null;
});
document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
  if (followed === ctx) followed = null;
});
document.addEventListener("htmx:config:request", (event) => {
  const { request, sourceEvent } = event.detail.ctx;
  if (!followed || sourceEvent?.type !== "input") return;
  const words = new URL(followed.request.action, location.href).searchParams.get("q");
  if (request.body.get("q") === words) event.preventDefault();
});

// A request that never arrived, or a fault of the server: say so, leave everything as it is.
const say = (text) => { const flash = byId("flash"); if (flash) flash.textContent = text; };
document.addEventListener("htmx:error", () => say("The server did not answer. What you see is the last answer."));
// A morph changes the attributes of a field, not what was ticked: an answer says both.
const matchFields = () => {
  for (const form of document.querySelectorAll("main form")) {
    const field = document.activeElement;
    if (!(form.contains(field) && field.matches("[type=search], [type=text]"))) form.reset();
  }
};

// A link that has done its work may be gone: the keyboard stays near, not at the page's beginning.
let focused = null;
document.addEventListener("htmx:before:swap", () => { focused = document.activeElement; });
const keepFocus = () => {
  if (!focused || focused === document.body || document.activeElement !== document.body) return;
  const near = (focused.id && byId(focused.id)) || byId("main");
  if (near.tabIndex < 0) near.tabIndex = -1;
  near.focus({ preventScroll: true });
};

const failed = (response) => response?.raw.status >= 400;
// An error is swapped too, into the line for messages: it stays there, and the URL as it was.
document.addEventListener("htmx:before:history:update", (event) => {
  if (failed(event.detail.response)) event.preventDefault();
});
document.addEventListener("htmx:after:swap", (event) => {
  const { response, sourceElement } = event.detail.ctx;
  if (failed(response) || quiet(event)) return;
  say("");
  matchFields();
  keepFocus();
  // Another page of a list begins at its top, as it does without this file.
  if (sourceElement?.matches?.("[rel=next], [rel=prev]")) {
    sourceElement.closest("section")?.scrollIntoView({ block: "start" });
  }
  if (sourceElement?.closest?.(".walk")) {
    const row = document.querySelector("tr[aria-current]");
    row?.scrollIntoView({ block: "nearest" });
    // A ring on a row that is no longer looked at would mislead: Enter would act on it.
    if (document.activeElement.closest("tbody tr")?.closest("#table")) {
      row?.querySelector("a.look")?.focus({ preventScroll: true });
    }
  }
  const said = document.querySelector("[data-announce]");
  const live = byId("live");
  if (said && live) live.textContent = said.dataset.announce;
});

// On a phone the calendar begins with the newest days, not with the first of the month.
const newest = [...document.querySelectorAll("table.days tbody tr:first-child td:has(a)")].at(-1);
if (newest) {
  const calendar = newest.closest(".fit");
  calendar.scrollLeft = newest.offsetLeft + newest.offsetWidth - calendar.clientWidth;
}

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

// Imports: files and folders are dropped anywhere on the page, and their upload shows how far it
// is. Only here, not as a swap, because htmx cannot tell the progress of an upload.
const uploadForm = () => byId("upload-form");
const carriesFiles = (event) => uploadForm() && event.dataTransfer?.types.includes("Files");
const markDrop = (over) => uploadForm()?.querySelector(".drop").classList.toggle("over", over);
document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  markDrop(true);
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) markDrop(false); });
// All files of what was dropped, in whatever folders.
const filesIn = async (entry) => {
  if (entry.isFile) return [await new Promise((done, fail) => entry.file(done, fail))];
  const reader = entry.createReader();
  const next = () => new Promise((done, fail) => reader.readEntries(done, fail));
  const inside = [];
  for (let some = await next(); some.length; some = await next()) inside.push(...some);
  return (await Promise.all(inside.map(filesIn))).flat();
};
const sendDropped = (files) => {
  byId("folder").value = "";
  byId("file").files = files;
  uploadForm().requestSubmit();
};
document.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  markDrop(false);
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry());
  if (!entries.some((entry) => entry?.isDirectory)) { sendDropped(event.dataTransfer.files); return; }
  Promise.all(entries.filter(Boolean).map(filesIn)).then((found) => {
    const all = new DataTransfer();
    for (const file of found.flat()) all.items.add(file);
    sendDropped(all.files);
  }, () => answerUpload("The folder cannot be read. Choose its files instead."));
});

const answerUpload = (text, className = "wrong") => {
  const line = document.createElement("p");
  line.className = className;
  line.id = "upload-error";
  line.textContent = text;
  byId("upload-answer").replaceChildren(line);
};
const showUpload = (done) => {
  byId("uploading").hidden = done === null;
  if (done === null) return;
  byId("upload-progress").value = Math.min(done, 100);
  byId("upload-state").textContent = done < 100 ? `Sending, ${Math.floor(done)} %` : "Reading…";
};
// A file stays chosen: of a refusal only the sentence is taken over, and what it is about. Of
// several some may have been taken, which now wait in the history, and none stays chosen.
const takeRefusal = (html) => {
  const answer = new DOMParser().parseFromString(html, "text/html");
  const said = answer.getElementById("upload-answer");
  if (!said) { say(answer.querySelector("main h1")?.textContent.trim() || html.slice(0, 300)); return; }
  byId("upload-answer").replaceChildren(...said.childNodes);
  if (byId("sent")) {
    byId("file").value = byId("folder").value = "";
    byId("history").replaceWith(answer.getElementById("history"));
  }
  const field = byId("email");
  field.toggleAttribute("aria-invalid", false);
  if (!answer.getElementById("email").hasAttribute("aria-invalid")) return;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", "upload-error");
  field.focus();
};
const sendFile = (form) => {
  const sending = new XMLHttpRequest();
  const button = form.querySelector("button");
  const end = () => { button.disabled = false; form.removeAttribute("aria-busy"); showUpload(null); };
  sending.upload.addEventListener("progress", ({ loaded, total }) => showUpload(100 * loaded / total));
  sending.addEventListener("load", () => {
    const { responseURL: there } = sending;
    if (there && there !== form.action) { location.assign(there); return; }
    end();
    takeRefusal(sending.responseText);
  });
  sending.addEventListener("error", () => {
    end();
    answerUpload("The upload did not arrive: the connection broke, or a file changed meanwhile. Choose it again.");
  });
  sending.open("POST", form.action);
  sending.send(new FormData(form));
  say("");
  byId("upload-answer").replaceChildren();
  button.disabled = true;
  form.setAttribute("aria-busy", "true");
  showUpload(0);
};
document.addEventListener("submit", (event) => {
  if (event.target !== uploadForm()) return;
  event.preventDefault();
  const files = [...byId("file").files, ...byId("folder").files];
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  if (bytes > Number(event.target.dataset.mostBytes)) answerUpload(event.target.dataset.tooLarge);
  else if (!event.target.hasAttribute("aria-busy")) sendFile(event.target);
}, true);
// End of imports.

// Keys. A link with data-key is followed, a field is focused; never while typing, never with Alt.
const follow = (key) => {
  const target = document.querySelector(`[data-key~="${CSS.escape(key)}" i]`);
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
// In a calendar the arrows go from day to day, over days that lead nowhere.
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const walk = (target, key) => {
  const [down, right] = STEPS[key] ?? [];
  const table = target.closest?.("table[data-walk]");
  if (!table || down === undefined || !target.closest("td")) return false;
  const rows = [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("td")]);
  let y = rows.findIndex((row) => row.includes(target.closest("td")));
  let x = rows[y].indexOf(target.closest("td"));
  do { y += down; x += right; } while (rows[y]?.[x] && !rows[y][x].querySelector("a"));
  rows[y]?.[x]?.querySelector("a")?.focus();
  return true;
};
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") {
    if (typing(event.target) && event.target.value) return;
    if (escape()) event.preventDefault();
    return;
  }
  if (typing(event.target)) return;
  if (walk(event.target, event.key)) { event.preventDefault(); return; }
  if (event.key === "?") { byId("help")?.showModal(); event.preventDefault(); return; }
  if (follow(event.key)) event.preventDefault();
});

// Focus behind the names that stay in sight: a browser takes a link that shows in part for visible.
document.addEventListener("focusin", ({ target }) => {
  const names = target.closest(".list tr")?.cells[0];
  if (!names || names.contains(target) || getComputedStyle(names).position !== "sticky") return;
  const hidden = names.getBoundingClientRect().right - target.getBoundingClientRect().left;
  if (hidden > 0) target.closest(".table").scrollLeft -= hidden + 8;
});
