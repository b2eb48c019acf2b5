// Which labs the index shows: those that have every word, the tag, the state, the level. What was
// chosen stands in the address, so that it can be linked to. Text of labs is read here, never made.

const form = document.getElementById("filter");
const fields = [...form.querySelectorAll("input, select")];
const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");

const labs = [...document.querySelectorAll("li.lab")].map((element) => ({
  element,
  text: fold(element.textContent),
  tag: element.dataset.tags.split(","),
  state: element.dataset.states.split(","),
  level: [element.dataset.level],
  verdict: [element.dataset.verdict],
}));

const fits = (lab) =>
  fields.every(({ name, value }) =>
    name === "q"
      ? fold(value).split(/\s+/).every((word) => lab.text.includes(word))
      : !value || lab[name].includes(value),
  );

function show() {
  let found = 0;
  for (const lab of labs) {
    const is = fits(lab);
    lab.element.hidden = !is;
    found += is;
  }
  for (const folder of document.querySelectorAll("section.folder")) {
    folder.hidden = !folder.querySelector("li.lab:not([hidden])");
  }
  document.getElementById("none").hidden = found > 0 || !labs.length;
  const of = found === labs.length ? "" : `${found} of `;
  document.getElementById("found").textContent = `${of}${labs.length} lab${labs.length === 1 ? "" : "s"}`;
}

// --- The address ------------------------------------------------------------------------------

let writing = 0;

function write() {
  const chosen = fields.filter(({ value }) => value.trim()).map(({ name, value }) => [name, value.trim()]);
  const asked = new URLSearchParams(chosen).toString();
  try {
    history.replaceState(null, "", asked ? `#${asked}` : location.pathname + location.search);
  } catch {
    // A page inside of another may have no address of its own.
  }
}

function read() {
  clearTimeout(writing);
  const asked = new URLSearchParams(location.hash.slice(1));
  for (const field of fields) {
    field.value = asked.get(field.name) ?? "";
    if (field.selectedIndex === -1) field.value = ""; // nothing here has it
  }
  show();
}

// Browsers count how often an address changes, so it does when the typing stops.
function changed() {
  show();
  clearTimeout(writing);
  writing = setTimeout(write, 200);
}

form.addEventListener("input", changed);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", (event) => {
  event.preventDefault(); // it would empty them only after this
  for (const field of fields) field.value = "";
  changed();
});
addEventListener("hashchange", () => {
  read();
  form.scrollIntoView(); // a tag was clicked, perhaps far below
});
read();
document.body.classList.add("ready");
