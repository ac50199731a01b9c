(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("explorer-data").textContent);
  const panel = document.getElementById("explorer-panel");
  const chooser = document.getElementById("explorer-model");
  const PREFIX = "#model=";
  const exact = new Intl.NumberFormat("en-US");

  const make = (tag, className, ...content) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    node.append(...content);
    return node;
  };
  const short = (amount) => {
    const size = Math.abs(amount);
    if (size < 1e4) return exact.format(amount);
    for (const [factor, prefix] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
      if (size >= factor * 0.99995) return `${(amount / factor).toPrecision(4)} ${prefix}`;
    }
    return String(amount);
  };
  const signed = (amount, text) => (amount > 0 ? `+${text}` : text);
  const percent = (share) => {
    const size = Math.abs(share);
    if (size > 0 && size < 1e-4) return `${(100 * share).toPrecision(2)} %`;
    // What is not quite all is not called 100 %.
    if (size > 0.9995 && size < 1) return `${(Math.floor(1e4 * share) / 100).toFixed(2)} %`;
    return `${(100 * share).toFixed(size < 0.1 ? 2 : 1)} %`;
  };
  const isRelative = () => document.getElementById("explorer-relative").checked;

  const plainOf = (model, quantity) =>
    model.counts.find((one) => one.quantity === quantity && data.conventions[one.convention].isPlain);
  const largest = (models, quantity, relative) => {
    let most = 0;
    for (const model of models) {
      const plain = plainOf(model, quantity);
      for (const one of model.counts.filter((count) => count.quantity === quantity)) {
        most = Math.max(most, relative ? (plain ? one.total / plain.total : 0) : one.total);
      }
    }
    return most || 1;
  };
  const differences = (count, plain) => {
    const before = new Map(plain.groups);
    return count.groups
      .map(([group, amount]) => [group, amount - (before.get(group) ?? 0)])
      .filter(([, amount]) => amount !== 0)
      .sort((one, other) => Math.abs(other[1]) - Math.abs(one[1]));
  };
  const tell = (amount, plain, relative) =>
    signed(amount, relative ? percent(amount / plain.total) : short(amount));

  const drawBar = (count, unit, plain, scale) => {
    const bar = make("div", "bar");
    for (const [group, amount] of count.groups.filter((one) => one[1] > 0)) {
      const wide = (100 * amount) / unit / scale;
      const part = make("span", `part group-${group}`);
      part.style.width = `${wide}%`;
      part.title = `${data.groups[group]}: ${exact.format(amount)} (${percent(amount / count.total)})`;
      if (wide > 14) part.append(make("span", "inside", `${data.groups[group]} ${percent(amount / count.total)}`));
      bar.append(part);
    }
    if (plain) {
      const line = make("span", "plain-line");
      line.style.left = `${(100 * plain.total) / unit / scale}%`;
      bar.append(line);
    }
    bar.setAttribute("aria-hidden", "true");
    return bar;
  };
  const drawGroups = (count, plain) => {
    const before = new Map(plain ? plain.groups : []);
    const table = make("table", "plain numbers");
    const head = ["group", "amount", "share", plain ? "beyond the plain count" : ""].filter(Boolean);
    table.append(make("thead", "", make("tr", "", ...head.map((text) => make("th", "", text)))));
    const body = make("tbody", "");
    for (const [group, amount] of count.groups) {
      const more = amount - (before.get(group) ?? 0);
      const cells = [exact.format(amount), count.total ? percent(amount / count.total) : ""];
      if (plain) cells.push(signed(more, exact.format(more)));
      const name = make("th", "", make("span", `swatch group-${group}`), ` ${data.groups[group]}`);
      name.scope = "row";
      body.append(make("tr", "", name, ...cells.map((text) => make("td", "", text))));
    }
    const sum = make("tr", "", make("th", "", "total"), make("td", "", exact.format(count.total)));
    table.append(body, make("tfoot", "", sum));
    return table;
  };
  const drawDetails = (count, plain, convention, open) => {
    const list = make("dl", "");
    const say = (name, text) => list.append(make("dt", "", name), make("dd", "", text));
    say("used by", convention.uses.join("; ") || "no source here");
    say("operators", count.operators.map(([name, amount]) => `${name} ${exact.format(amount)}`).join(", ") || "none");
    say("ran and was not counted", count.uncounted || "nothing");
    if (convention.counts) say("counts", convention.counts);
    if (convention.leavesOut) say("leaves out", convention.leavesOut);
    say("input", count.input);
    const summary = make("summary", "", "Exact numbers, operators, what is not counted, who uses it");
    const node = make("details", "", summary, make("div", "wide", drawGroups(count, plain)), list);
    node.open = open;
    return node;
  };
  const drawRow = (count, plain, scale, relative, open) => {
    const convention = data.conventions[count.convention];
    const unit = relative && plain ? plain.total : 1;
    const total = relative && plain ? `${(count.total / plain.total).toFixed(3)} x` : short(count.total);
    const more = plain && count !== plain ? differences(count, plain) : [];
    const texts = more.map(([group, amount]) => `${tell(amount, plain, relative)} ${data.groups[group]}`);
    const same = count === plain ? "the plain count" : plain ? "the same as the plain count" : "";
    const used = `used by ${convention.users || "none"} of ${data.sources} ${data.sources === 1 ? "source" : "sources"} here`;
    const row = make(
      "div",
      "count",
      make("div", "name", make("h4", "", convention.title), make("span", "soft", used)),
      drawBar(count, unit, plain, scale),
      make("b", "total", total),
      make("p", "more", texts.join(", ") || same),
      drawDetails(count, plain, convention, open),
    );
    row.dataset.convention = count.convention;
    return row;
  };
  const drawAxis = (scale, relative) => {
    const axis = make("div", "axis");
    const power = 10 ** Math.floor(Math.log10(scale));
    const step = [0.2, 0.5, 1].map((one) => one * power).find((one) => scale / one <= 5) ?? 2 * power;
    for (let place = 0; place * step <= scale * 1.0001; place += 1) {
      const value = Number((place * step).toPrecision(6));
      const tick = make("span", "", relative ? `${value} x` : value ? short(value).replace(/\.?0+ /, " ") : "0");
      tick.style.left = `${(100 * value) / scale}%`;
      if (value / scale > 0.93) tick.className = "last";
      axis.append(tick);
    }
    axis.setAttribute("aria-hidden", "true");
    return axis;
  };
  const sayRange = (model) => {
    const totals = model.counts.filter((one) => one.quantity === "operations").map((one) => one.total);
    if (totals.length < 2) return "";
    const [low, high] = [Math.min(...totals), Math.max(...totals)];
    const times = low ? `: up to ${(high / low).toFixed(2)} times as many for the same network` : "";
    return `${model.name} takes ${short(low)} to ${short(high)} operations, depending on the convention${times}.`;
  };
  const draw = () => {
    const model = data.models[chooser.selectedIndex];
    const relative = isRelative();
    const open = new Set([...panel.querySelectorAll("details[open]")].map((one) => one.parentNode.dataset.convention));
    const parts = [];
    for (const quantity of new Set(model.counts.map((one) => one.quantity))) {
      const plain = plainOf(model, quantity);
      const own = relative && Boolean(plain);
      const scale = largest(own ? data.models : [model], quantity, own);
      const against = plain ? `, beside the plain count: ${data.plain[quantity]}, the dashed line` : "";
      parts.push(make("h3", "", `${quantity[0].toUpperCase()}${quantity.slice(1)} of ${model.name}${against}`));
      for (const count of model.counts.filter((one) => one.quantity === quantity)) {
        parts.push(drawRow(count, plain, scale, own, open.has(String(count.convention))));
      }
      parts.push(drawAxis(scale, own));
    }
    document.getElementById("explorer-says").textContent = sayRange(model);
    document.getElementById("explorer-bars").replaceChildren(...parts);
  };
  const follow = () => {
    if (!location.hash.startsWith(PREFIX)) return false;
    let name = location.hash.slice(PREFIX.length);
    try {
      name = decodeURIComponent(name);
    } catch {
      return false;
    }
    const place = data.models.findIndex((model) => model.name === name);
    if (place < 0) return false;
    chooser.selectedIndex = place;
    draw();
    return true;
  };

  if (!data.models.length) return;
  chooser.append(...data.models.map((model) => make("option", "", model.name)));
  chooser.addEventListener("change", () => {
    history.replaceState(null, "", PREFIX + encodeURIComponent(data.models[chooser.selectedIndex].name));
    draw();
  });
  for (const one of document.getElementsByName("explorer-scale")) one.addEventListener("change", draw);
  document.getElementById("explorer-open").addEventListener("click", (event) => {
    const all = [...panel.querySelectorAll("details")];
    const open = all.some((one) => !one.open);
    for (const one of all) one.open = open;
    event.currentTarget.setAttribute("aria-pressed", String(open));
  });
  window.addEventListener("hashchange", follow);
  panel.hidden = false;
  document.getElementById("totals-details").open = false;
  if (follow()) document.getElementById("explorer").scrollIntoView();
  else draw();
})();
