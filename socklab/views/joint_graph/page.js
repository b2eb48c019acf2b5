// A joint state is chosen in the graph, in the list or by the address; what it is stands beside.
// Text of runs is data: it gets into the page as text, never as markup.

const data = JSON.parse(document.getElementById("data").textContent);
const list = document.getElementById("list");
const now = document.getElementById("now");
const words = document.getElementById("words");
const boxes = [...document.querySelectorAll(".joint .box")];
const arrows = [...document.querySelectorAll(".joint .arrow")];
const boxOf = [];
data.boxes.forEach((numbers, box) => numbers.forEach((number) => { boxOf[number] = box; }));

const into = data.nodes.map(() => []);
data.nodes.forEach((node, source) => node.edges.forEach((edge) => {
  if (edge.target !== null) into[edge.target].push({ ...edge, source });
}));
const texts = data.nodes.map((node) => JSON.stringify([node.ends, node.sockets, node.wire, node.roles]).toLowerCase());

let chosen = 0;
let only = null; // the box whose joint states the list shows, if one was clicked

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

const title = (node) => node.ends.map(([host, state]) => `${host} ${state}`).join(", ");

// --- The list ---------------------------------------------------------------------------------

function listed() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = data.nodes.map((_, number) => number).filter((number) =>
    (only === null || boxOf[number] === only) && wanted.every((word) => texts[number].includes(word)));
  list.replaceChildren(...found.map((number) => {
    const node = data.nodes[number];
    const wire = node.wire.length ? ` · ${node.wire.map((segment) => segment.split(" ").slice(0, 2).join(" ")).join(", ")}` : "";
    const button = element("button", `${number}: ${title(node)}${wire}`);
    button.type = "button";
    button.dataset.number = number;
    if (number === chosen) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => choose(number));
    const item = element("li");
    item.append(button);
    return item;
  }));
  const lit = new Set(found.map((number) => boxOf[number]));
  boxes.forEach((box, number) => box.classList.toggle("faded", wanted.length > 0 && !lit.has(number)));
  const of = found.length === data.nodes.length ? "" : `${found.length} of `;
  document.getElementById("found").textContent = `${of}${data.nodes.length} joint states`;
}

// --- One joint state --------------------------------------------------------------------------

function sockets(node) {
  const table = element("table");
  const head = table.createTHead().insertRow();
  for (const name of ["Host", "State", "Recv-Q", "Send-Q", "Timer", "Owner"]) {
    const cell = element("th", name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  node.ends.forEach(([host], place) => {
    const rows = node.sockets[host];
    for (const socket of rows.length ? rows : [null]) {
      const row = body.insertRow();
      const name = element("th", host, `who h${place % 4}`);
      name.scope = "row";
      row.append(name);
      const cells = socket
        ? [socket.state, socket.recv_q, socket.send_q, socket.timer, socket.held ? "a program" : "none"]
        : ["no socket", "", "", "", ""];
      for (const text of cells) row.append(element("td", text));
    }
  });
  return table;
}

function programs(node) {
  const told = element("dl");
  for (const [name, role] of Object.entries(node.roles)) {
    told.append(element("dt", name));
    const lines = [
      role.made.length ? `has made ${role.made.join(", ")}` : "has made no call",
      role.inside.length ? `is blocked in ${role.inside.join(", ")}` : "",
      role.ended ? "has ended" : role.standing.length ? `stands before ${role.standing.join(", ")}` : "",
      role.error ? `its socket would tell ${role.error}` : "",
    ];
    for (const line of lines.filter(Boolean)) told.append(element("dd", line));
  }
  return told;
}

function moves(edges, to) {
  const made = element("ul", undefined, "moves");
  for (const edge of edges) {
    const item = element("li");
    const number = to === "target" ? edge.target : edge.source;
    const fault = edge.fault ? " (a fault)" : "";
    if (number === null) {
      item.append(element("span", `${edge.move}${fault}: ${edge.trouble || edge.illegal}`, "bad"));
    } else {
      const arrow = to === "target" ? `${edge.move}${fault} → ${number}` : `${number} → ${edge.move}${fault}`;
      const button = element("button", `${arrow}: ${title(data.nodes[number])}`);
      button.type = "button";
      button.addEventListener("click", () => choose(number, true));
      item.append(button);
      if (edge.illegal) item.append(element("span", edge.illegal, "bad"));
    }
    made.append(item);
  }
  return made;
}

function section(heading, ...content) {
  return [element("h3", heading), ...content];
}

function show() {
  const node = data.nodes[chosen];
  const way = element("ol");
  node.way.forEach((move) => way.append(element("li", move)));
  const parts = [element("h2", `${chosen}: ${title(node)}`)];
  const marks = [node.end ? "It may end here." : "", node.left ? "Not all that may follow was tried." : ""];
  for (const mark of marks.filter(Boolean)) parts.push(element("p", mark, "soft"));
  for (const wrong of node.wrong) parts.push(element("p", `✗ ${wrong}`, "bad"));
  parts.push(
    ...section("Sockets", sockets(node)),
    ...section("On the wire", element("p", node.wire.join(", ") || "nothing")),
    ...section("Programs", programs(node)),
    ...section("Shortest way", node.way.length ? way : element("p", "none: it begins here")),
    ...section("What may follow", node.edges.length ? moves(node.edges, "target") : element("p", "nothing")),
    ...section("From where one comes", into[chosen].length ? moves(into[chosen], "source") : element("p", "nowhere")),
  );
  now.replaceChildren(...parts);
  now.scrollTop = 0;
}

// The arrows of the shortest way, backwards from here.
function way() {
  const taken = new Set();
  for (let at = chosen; data.nodes[at].before !== null; at = data.nodes[at].before) {
    taken.add(`${boxOf[data.nodes[at].before]} ${boxOf[at]}`);
  }
  for (const arrow of arrows) arrow.classList.toggle("taken", taken.has(arrow.dataset.ends));
}

function choose(number, fromHere = false) {
  chosen = number;
  if (only !== null && boxOf[number] !== only) only = null;
  boxes.forEach((box, place) => {
    box.classList.toggle("here", place === boxOf[number]);
    box.setAttribute("aria-pressed", String(place === boxOf[number]));
  });
  way();
  listed();
  show();
  list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  boxes[boxOf[number]].scrollIntoView({ block: "nearest", inline: "nearest" });
  if (fromHere) now.focus({ preventScroll: true });
  try {
    history.replaceState(null, "", `#state-${number}`);
  } catch {
    // A page inside of another may have no address of its own.
  }
}

function read() {
  const number = Number(/^#state-(\d+)$/.exec(location.hash)?.[1] ?? 0);
  choose(number < data.nodes.length ? number : 0);
}

boxes.forEach((box, place) => {
  const open = () => {
    only = data.boxes[place].length > 1 ? place : null;
    words.value = "";
    choose(data.boxes[place][0]);
  };
  box.addEventListener("click", open);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    open();
  });
});
words.addEventListener("input", () => {
  only = null;
  listed();
});
addEventListener("hashchange", read);
read();
