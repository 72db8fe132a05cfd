// Text size, copy buttons, combined feeds and the search for categories.
// Pages can be read without this script; it adds the buttons that need it.
"use strict";

const SIZES = 5;
const DEFAULT_SIZE = 3;
const STORAGE_KEY = "text-size";

function storedSize() {
  try {
    const size = Number(localStorage.getItem(STORAGE_KEY));
    return Number.isInteger(size) && size >= 1 && size <= SIZES ? size : DEFAULT_SIZE;
  } catch {
    return DEFAULT_SIZE; // the browser does not let us store anything
  }
}

function setSize(size) {
  document.documentElement.dataset.size = String(size);
}

// Before anything is shown, so that the text does not move while it is being read.
setSize(storedSize());

function create(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Keeps Enter in a field from submitting the form around it.
function ignoreEnter(field) {
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
}

function addSizeButtons(group) {
  let size = storedSize();
  const { label } = group.dataset;
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", label);
  const status = create("span", { className: "unseen", role: "status" });
  const step = (difference) => {
    const next = Math.min(SIZES, Math.max(1, size + difference));
    if (next !== size) {
      size = next;
      setSize(size);
      try {
        localStorage.setItem(STORAGE_KEY, String(size));
      } catch {
        // The size applies to this page only.
      }
    }
    status.textContent = `${label}: ${size} / ${SIZES}`;
    updateButtons();
  };
  const smaller = create("button", { type: "button", className: "smaller" }, group.dataset.smaller);
  const larger = create("button", { type: "button", className: "larger" }, group.dataset.larger);
  const updateButtons = () => {
    // Not "disabled": the button would lose the focus while someone presses a key repeatedly.
    smaller.setAttribute("aria-disabled", String(size === 1));
    larger.setAttribute("aria-disabled", String(size === SIZES));
  };
  smaller.addEventListener("click", () => step(-1));
  larger.addEventListener("click", () => step(1));
  // On the way back to this page, another size may have been set on another one.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    size = storedSize();
    setSize(size);
    updateButtons();
  });
  updateButtons();
  group.append(smaller, " ", larger, status);
}

function makeScrollable(table) {
  const observer = new ResizeObserver(() => {
    // In some browsers only an element that can have the focus is scrolled by keyboard.
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
    else table.removeAttribute("tabindex");
  });
  observer.observe(table);
}

async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // There is no clipboard without https, and access may be denied. A selection can be copied.
    field.select();
    if (!document.execCommand("copy")) throw new Error("nothing was copied");
  }
}

function addCopyButton(field) {
  const { copy: label, copied } = field.dataset;
  const status = create("span", { className: "unseen", role: "status" });
  const button = create("button", { type: "button", className: "copy" });
  const setLabel = (text) => {
    button.textContent = text;
    button.setAttribute("aria-label", `${text}: ${field.labels[0].textContent}`);
  };
  button.addEventListener("click", async () => {
    try {
      await copy(field);
    } catch {
      return; // the text stays selected and can be copied by hand
    }
    button.focus();
    setLabel(copied);
    status.textContent = copied;
    setTimeout(() => {
      setLabel(label);
      status.textContent = "";
    }, 2000);
  });
  field.addEventListener("focus", () => field.select());
  ignoreEnter(field);
  field.after(button, status);
  setLabel(label);
}

function addCombinedFeed(form) {
  const { address, most, tooMany } = form.dataset;
  const result = form.querySelector(".result");
  const field = create("input", { type: "text", readOnly: true, id: "combined" });
  Object.assign(field.dataset, { copy: form.dataset.copy, copied: form.dataset.copied });
  const label = create("label", { htmlFor: "combined" }, result.dataset.label);
  const output = create("div", { className: "address", hidden: true }, label, field);
  const refusal = create("p", { className: "refused", role: "status" });
  result.append(output, refusal);
  addCopyButton(field);
  const submit = form.querySelector(".chosen button");
  // The links below keep what is selected; without this script only that button does.
  form.querySelector(".more")?.remove();
  const links = form.querySelectorAll(".keeping a");
  const update = () => {
    const checked = [...form.querySelectorAll("input[name=category]:checked")];
    const slugs = checked.map((box) => box.value).sort();
    const format = form.querySelector("input[name=format]:checked").value;
    const fits = slugs.length <= Number(most);
    refusal.textContent = fits ? "" : tooMany;
    output.hidden = !slugs.length || !fits;
    submit.disabled = output.hidden;
    field.value = output.hidden ? "" : `${address}${slugs.join("+")}.${format}`;
    for (const link of links) {
      const target = new URL(link.href);
      target.searchParams.delete("category");
      slugs.forEach((slug) => target.searchParams.append("category", slug));
      link.href = target.href;
    }
  };
  form.addEventListener("change", update);
  // A browser that returns to this page restores the form, but only when the page is shown.
  addEventListener("pageshow", update);
  update();
}

function addSearch(container) {
  const entries = [...document.querySelectorAll(".categories > li")];
  // Without diacritics, which are missing on some keyboards.
  const normalize = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const names = entries.map((entry) => normalize(entry.querySelector("a").textContent));
  const field = create("input", { type: "search", id: "search" });
  const none = create("p", { className: "none", role: "status" });
  const initials = document.querySelector(".initials");
  const update = () => {
    const query = normalize(field.value.trim());
    entries.forEach((entry, index) => {
      // Checked categories remain visible, because they are part of the combined feed.
      entry.hidden = !names[index].includes(query) && !entry.querySelector("input").checked;
    });
    initials.hidden = query !== "";
    none.textContent = names.some((name) => name.includes(query)) ? "" : container.dataset.none;
  };
  field.addEventListener("input", update);
  addEventListener("pageshow", update); // see addCombinedFeed
  ignoreEnter(field);
  container.append(
    create("label", { htmlFor: "search" }, container.dataset.label),
    field,
    none,
  );
}

document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll(".size").forEach(addSizeButtons);
  document.querySelectorAll(".body table").forEach(makeScrollable);
  document.querySelectorAll("input[data-copy]").forEach(addCopyButton);
  document.querySelectorAll(".chooser").forEach(addCombinedFeed);
  document.querySelectorAll(".search:empty").forEach(addSearch);
});
