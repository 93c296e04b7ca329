
"use strict";
(() => {
  const PAGE = 50; // rows that are in the document at once
  const PRINTED = 1000; // rows on paper at most
  const data = JSON.parse(document.getElementById("fleet-data").textContent);
  const at = (id) => document.getElementById(id);
  const number = new Intl.NumberFormat("en");
  const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const fold = (text) => text.normalize("NFKC").toLowerCase();

  const companies = data.rows.map((row) => {
    const [name, display, plan, ring, state, addons, left, quota, storage, costs, host] = row;
    const company = {
      name, display: display || name, plan: data.plans[plan], ring: data.rings[ring], state: data.states[state],
      addons: data.addons[addons], left, quota, share: quota ? left / quota : 0, storage, costs, order: plan,
      host: host || `${name}.${data.domain}`,
    };
    company.text = fold([name, display, company.plan, company.addons, company.host].join("\n"));
    return company;
  });

  const cpu = (millicores) => number.format(millicores / 1000);
  const columns = [
    { title: "Company", sort: (a, b) => collator.compare(a.display, b.display) || collator.compare(a.name, b.name) },
    { title: "Plan", text: (c) => c.plan, sort: (a, b) => a.order - b.order },
    { title: "Ring", text: (c) => c.ring, sort: (a, b) => data.rings.indexOf(a.ring) - data.rings.indexOf(b.ring) },
    { title: "State", text: (c) => c.state, sort: (a, b) => collator.compare(a.state, b.state) },
    { title: "Add-ons", text: (c) => c.addons, sort: (a, b) => collator.compare(a.addons, b.addons) },
    {
      title: "Room left", kind: "number", sort: (a, b) => a.share - b.share,
      text: (c) => `${whole.format(100 * c.share)} % (${cpu(c.left)} of ${cpu(c.quota)} CPU)`,
    },
    { title: "Storage", kind: "number", text: (c) => `${number.format(c.storage)} Gi`, sort: (a, b) => a.storage - b.storage },
  ];
  if (data.currency) {
    columns.push({
      title: "Costs a year", kind: "number", text: (c) => `${whole.format(c.costs)} ${data.currency}`, sort: (a, b) => a.costs - b.costs,
    });
  }

  const make = (tag, text, attributes = {}) => {
    const element = document.createElement(tag);
    if (text) element.textContent = text; // never as markup
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  // roles are said again because the phone's style makes blocks of a table, which takes its meaning away
  const table = make("table", "", { role: "table", "aria-labelledby": "companies-heading" });
  const head = make("thead", "", { role: "rowgroup" });
  const body = make("tbody", "", { role: "rowgroup" });
  const titles = make("tr", "", { role: "row" });
  for (const column of columns) {
    column.head = make("th", "", { scope: "col", role: "columnheader", class: column.kind || "" });
    const button = make("button", column.title, { type: "button" });
    button.addEventListener("click", () => sortBy(column));
    column.head.append(button);
    titles.append(column.head);
  }
  titles.append(make("th", "Links", { scope: "col", role: "columnheader", class: "plain links" }));
  head.append(titles);
  table.append(head, body);

  const links = (company) => {
    const cell = make("td", "", { class: "links", role: "cell" });
    const all = { site: `https://${company.host}`, ...data.links };
    for (const [name, address] of Object.entries(all)) {
      const to = address.replaceAll("{tenant}", encodeURIComponent(company.name));
      cell.append(make("a", name, { href: to, rel: "noreferrer", "aria-label": `${name} of ${company.display}` }));
    }
    return cell;
  };

  const drawn = (company) => {
    const row = make("tr", "", { role: "row" });
    const title = make("th", company.display, { scope: "row", role: "rowheader", dir: "auto" });
    if (company.display !== company.name) title.append(make("span", company.name, { class: "own", dir: "ltr" }));
    row.append(title);
    for (const column of columns) {
      if (column.text) {
        row.append(make("td", column.text(company), { class: column.kind || "", "data-of": column.title, role: "cell" }));
      }
    }
    row.append(links(company));
    return row;
  };

  let sorted = companies;
  let matching = companies;
  let page = 0;
  let by = null;
  let falling = false;

  const draw = (first, most) => {
    body.replaceChildren(...matching.slice(first, first + most).map(drawn));
  };

  const show = () => {
    draw(page * PAGE, PAGE);
    const pages = Math.max(1, Math.ceil(matching.length / PAGE));
    at("shown").textContent =
      matching.length === companies.length
        ? `${number.format(companies.length)} companies`
        : `${number.format(matching.length)} of ${number.format(companies.length)} companies`;
    at("which").textContent = `Page ${number.format(page + 1)} of ${number.format(pages)}`;
    at("before").disabled = page === 0;
    at("after").disabled = page === pages - 1;
    document.querySelector(".pages").hidden = pages === 1;
  };

  const filter = () => {
    const words = fold(at("search").value).split(/\s+/).filter(Boolean);
    const [plan, ring, state] = ["plan", "ring", "state"].map((id) => at(id).value);
    matching = sorted.filter(
      (c) =>
        (!plan || c.plan === plan) && (!ring || c.ring === ring) && (!state || c.state === state) &&
        words.every((word) => c.text.includes(word)),
    );
    page = 0;
    show();
  };

  const sortBy = (column) => {
    falling = by === column && !falling;
    by = column;
    const turn = falling ? -1 : 1;
    sorted = [...companies].sort((a, b) => turn * column.sort(a, b) || collator.compare(a.name, b.name));
    for (const other of columns) other.head.removeAttribute("aria-sort");
    column.head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    filter();
  };

  for (const [id, words] of [["plan", data.plans], ["ring", data.rings], ["state", data.states]]) {
    at(id).append(...words.map((word) => make("option", word, { value: word })));
    at(id).addEventListener("change", filter);
  }
  at("search").addEventListener("input", filter);
  document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
  at("before").addEventListener("click", () => { page -= 1; show(); });
  at("after").addEventListener("click", () => { page += 1; show(); });

  // paper has no pages of fifty and nothing to unfold
  const folded = () => document.querySelectorAll("section details");
  let open = [];
  addEventListener("beforeprint", () => {
    open = [...folded()].filter((part) => part.open);
    for (const part of folded()) part.open = true;
    draw(0, PRINTED);
    if (matching.length > PRINTED) {
      at("shown").textContent = `the first ${number.format(PRINTED)} of ${number.format(matching.length)} companies; search for fewer to print others`;
    }
  });
  addEventListener("afterprint", () => {
    for (const part of folded()) part.open = open.includes(part);
    show();
  });

  at("fleet").append(table);
  document.querySelector(".filters").hidden = false;
  sortBy(columns[0]);
})();
