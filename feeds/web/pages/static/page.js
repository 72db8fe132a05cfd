// What a page offers beyond reading: the size of the text, copying an address, combining feeds.
// Nothing here is needed to read: without it none of its buttons are there.
"use strict";

const SIZES = 5;
const USUAL = 3;
const KEPT = "text-size";

function keptSize() {
  try {
    const size = Number(localStorage.getItem(KEPT));
    return Number.isInteger(size) && size >= 1 && size <= SIZES ? size : USUAL;
  } catch {
    return USUAL; // the browser keeps nothing for anybody
  }
}

function setSize(size) {
  document.documentElement.dataset.size = String(size);
}

// At once, before anything is shown: nothing moves under the eyes of who has set a size.
setSize(keptSize());

function made(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function offerSizes(place) {
  let size = keptSize();
  const { label } = place.dataset;
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", label);
  const told = made("span", { className: "unseen", role: "status" });
  const step = (difference) => {
    const next = Math.min(SIZES, Math.max(1, size + difference));
    if (next !== size) {
      size = next;
      setSize(size);
      try {
        localStorage.setItem(KEPT, String(size));
      } catch {
        // It holds for this page alone.
      }
    }
    told.textContent = `${label}: ${size} / ${SIZES}`;
    mark();
  };
  const smaller = made("button", { type: "button", className: "smaller" }, place.dataset.smaller);
  const larger = made("button", { type: "button", className: "larger" }, place.dataset.larger);
  const mark = () => {
    // Not "disabled", which would take the focus away from who presses a key again.
    smaller.setAttribute("aria-disabled", String(size === 1));
    larger.setAttribute("aria-disabled", String(size === SIZES));
  };
  smaller.addEventListener("click", () => step(-1));
  larger.addEventListener("click", () => step(1));
  // Another size may have been set on a page that one comes back from.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    size = keptSize();
    setSize(size);
    mark();
  });
  mark();
  place.append(smaller, " ", larger, told);
}

function offerScrolling(table) {
  const watching = new ResizeObserver(() => {
    // Not every browser lets a key scroll what cannot have the focus.
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
    else table.removeAttribute("tabindex");
  });
  watching.observe(table);
}

async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Without https there is no clipboard, or it was denied: what is selected may still be copied.
    field.select();
    if (!document.execCommand("copy")) throw new Error("nothing was copied");
  }
}

function offerCopy(field) {
  const { copy: label, copied } = field.dataset;
  const told = made("span", { className: "unseen", role: "status" });
  const button = made("button", { type: "button", className: "copy" });
  const name = (text) => {
    button.textContent = text;
    button.setAttribute("aria-label", `${text}: ${field.labels[0].textContent}`);
  };
  button.addEventListener("click", async () => {
    try {
      await copy(field);
    } catch {
      return; // it stays selected, to be copied by hand
    }
    button.focus();
    name(copied);
    told.textContent = copied;
    setTimeout(() => {
      name(label);
      told.textContent = "";
    }, 2000);
  });
  field.addEventListener("focus", () => field.select());
  // Enter in an address is no answer to the form around it.
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  field.after(button, told);
  name(label);
}

function offerCombining(form) {
  const { address, most, tooMany } = form.dataset;
  const result = form.querySelector(".result");
  const field = made("input", { type: "text", readOnly: true, id: "combined" });
  Object.assign(field.dataset, { copy: form.dataset.copy, copied: form.dataset.copied });
  const label = made("label", { htmlFor: "combined" }, result.dataset.label);
  const shown = made("div", { className: "address", hidden: true }, label, field);
  const refused = made("p", { className: "refused", role: "status" });
  result.append(shown, refused);
  offerCopy(field);
  const submit = form.querySelector("button[type=submit]");
  const update = () => {
    const ticked = [...form.querySelectorAll("input[name=category]:checked")];
    const slugs = ticked.map((box) => box.value).sort();
    const format = form.querySelector("input[name=format]:checked").value;
    const fits = slugs.length <= Number(most);
    refused.textContent = fits ? "" : tooMany;
    shown.hidden = !slugs.length || !fits;
    submit.disabled = shown.hidden;
    field.value = shown.hidden ? "" : `${address}${slugs.join("+")}.${format}`;
  };
  form.addEventListener("change", update);
  // Who comes back finds ticked what was, but not before the page is shown.
  addEventListener("pageshow", update);
  update();
}

function offerSearch(place) {
  const entries = [...document.querySelectorAll(".categories > li")];
  // Whoever has no key for a letter finds it all the same.
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const names = entries.map((entry) => plain(entry.querySelector("a").textContent));
  const field = made("input", { type: "search", id: "search" });
  const none = made("p", { className: "none", role: "status" });
  const initials = document.querySelector(".initials");
  const update = () => {
    const sought = plain(field.value.trim());
    entries.forEach((entry, number) => {
      // What is ticked stays in sight: it is in the address.
      entry.hidden = !names[number].includes(sought) && !entry.querySelector("input").checked;
    });
    initials.hidden = sought !== "";
    none.textContent = names.some((name) => name.includes(sought)) ? "" : place.dataset.none;
  };
  field.addEventListener("input", update);
  // Who comes back finds written what was, but not before the page is shown.
  addEventListener("pageshow", update);
  // Enter in a search is no answer to the form around it.
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  place.append(made("label", { htmlFor: "search" }, place.dataset.label), field, none);
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".size").forEach(offerSizes);
  document.querySelectorAll(".body table").forEach(offerScrolling);
  document.querySelectorAll("input[data-copy]").forEach(offerCopy);
  document.querySelectorAll(".chooser").forEach(offerCombining);
  document.querySelectorAll(".search").forEach(offerSearch);
});
