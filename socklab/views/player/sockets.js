// What `ss` showed, what was on the wire and which calls were blocked.

// The rows at the end of each step: those of the last look.
const looks = [];
for (const { rows } of data.steps) looks.push(rows ? new Map(rows) : (looks.at(-1) ?? new Map()));

// A row's words. It may be told by an earlier row: a number takes over so many of its words, one
// below zero passes over so many, a text is put there.
const words = new Map();

function wordsOf(row) {
  const chain = [];
  for (let index = row; !words.has(index); index = data.rows[index][0]) {
    chain.push(index);
    if (typeof data.rows[index] === "string") break;
  }
  for (const index of chain.reverse()) {
    const told = data.rows[index];
    words.set(index, typeof told === "string" ? told.split(" ") : changed(words.get(told[0]), told));
  }
  return words.get(row);
}

function changed(old, [, ...changes]) {
  const made = [];
  let from = 0;
  for (const change of changes) {
    if (typeof change === "string") made.push(...change.split(" "));
    else if (change > 0) made.push(...old.slice(from, (from += change)));
    else from -= change;
  }
  return made;
}

const factsOf = (row) => data.facts[data.sockets[row]];

// What tells a socket from the others of its host.
function socketOf(row) {
  const columns = wordsOf(row).filter(Boolean);
  return `${columns[3]} ${columns[4]}`;
}

function cell(text, was) {
  const element = make("td", text);
  if (was !== undefined && String(was) !== String(text)) element.className = "changed";
  return element;
}

// One socket in the table; what is not as it was a step before is marked.
function tableRow(host, facts, was) {
  const [state, receive, send, local, peer, timer, more] = facts;
  const told = make("td", make(`span.state.${hue(host)}`, state));
  if (more) told.append(" ", make("span.also", more));
  const name = make(`td.${hue(host)}`, host);
  return make("tr", name, make("td", local), make("td", peer), told, cell(receive, was?.[1]), cell(send, was?.[2]), make("td", timer));
}

function rawRow(row, before) {
  const item = make("li");
  const old = before === undefined ? null : new Set(wordsOf(before));
  let between = "";
  let plain = "";
  for (const word of wordsOf(row)) {
    plain += between;
    between = " ";
    if (!old || old.has(word)) plain += word;
    else {
      item.append(plain, make("mark", word));
      plain = "";
    }
  }
  item.append(plain);
  return item;
}

function showLook(step, look, earlier) {
  const table = [];
  const raw = [];
  for (const [host, rows] of look) {
    const old = new Map((earlier.get(host) ?? []).map((row) => [socketOf(row), row]));
    for (const row of rows) {
      const was = old.get(socketOf(row));
      const facts = factsOf(row);
      if (facts) table.push(tableRow(host, facts, was === undefined ? undefined : factsOf(was)));
    }
    const list = make("ul", ...rows.map((row) => rawRow(row, old.get(socketOf(row)))));
    raw.push(make(`p.${hue(host)}`, `${host}${rows.length ? "" : ": no socket"}`), list);
  }
  if (!table.length) {
    const none = make("td", "no socket");
    none.colSpan = 7;
    table.push(make("tr", none));
  }
  by("facts").replaceChildren(...table);
  by("rows").replaceChildren(...raw);
}

const listed = (id, texts, none) => by(id).replaceChildren(...(texts.length ? texts : [none]).map((text) => make("div", text)));

shows.push((step) => {
  showLook(step, looks[step], looks[step - 1] ?? new Map());
  const held = data.wire.filter(([, , , began, ended]) => isOn(step, began, ended));
  listed("wire", held.map(([from, to, text]) => `${from} → ${to}: ${text}`), "nothing");
  const blocked = data.calls.filter(([, , , began, ended]) => isOn(step, began, ended));
  listed("blocked", blocked.map(([role, text]) => `${role}: ${text}`), "no call");
});
