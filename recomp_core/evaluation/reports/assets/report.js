"use strict";
// The report is complete without this, but for the browser of questions: it sorts tables and shows
// one question at a time. All text goes into the page as text nodes.
(() => {
  const byId = (id) => document.getElementById(id);

  function make(tag, properties = {}, ...children) {
    const { dir, role, ...rest } = properties;
    const element = Object.assign(document.createElement(tag), rest);
    if (dir) element.setAttribute("dir", dir);
    if (role) element.setAttribute("role", role);
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const told = (seconds) =>
    seconds < 1 ? `${(1000 * seconds).toPrecision(3)} ms` : `${seconds.toPrecision(3)} s`;

  // ---- Tables

  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const original = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = make("button", { type: "button" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending"
          || (!head.hasAttribute("aria-sort") && !head.classList.contains("words"));
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        body.append(...sorted(original, column, down));
      });
    });
  }

  // What is not measured comes last in both directions; equal rows keep their order.
  function sorted(rows, column, down) {
    const keyed = rows.map((row) => [row.cells[column].dataset.value ?? "", row]);
    const numbers = keyed.every(([key]) => key === "" || !Number.isNaN(Number(key)));
    const order = (a, b) => (numbers ? a - b : a.localeCompare(b, undefined, { numeric: true }));
    keyed.sort(([a], [b]) =>
      a === "" || b === "" ? (a === "") - (b === "") : (down ? -1 : 1) * order(a, b));
    return keyed.map(([, row]) => row);
  }

  // ---- Questions

  const ERROR = 1, READER_ERROR = 2, EMPTY = 4;
  const truth = (known, yes) => (flags) => (flags & known ? Boolean(flags & yes) : null);
  const answerable = truth(8, 16), recalled = truth(32, 64), exact = truth(128, 256);

  async function read() {
    const element = byId("data");
    if (element.dataset.encoding !== "gzip") return JSON.parse(element.textContent);
    const bytes = Uint8Array.from(atob(element.textContent), (c) => c.charCodeAt(0));
    const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(unpacked).text());
  }

  function start(data) {
    const { documents, questions, points } = data;
    const [list, space, found] = [byId("list"), byId("space"), byId("found")];
    const [choice, filter, words] = [byId("point"), byId("filter"), byId("words")];
    const named = (point) => (point.setting ? `${point.system}, ${point.setting}` : point.system);
    const reference = (name) => points.find((point) => point.system === name);
    const [everything, nothing] = [reference("all"), reference("none")];
    const has = (field) => points.some((point) => point[field]);
    const at = (point, field, n) => point?.[field]?.[n] ?? null;
    const withReader = has("prediction");

    const FILTERS = [
      ["all", "all questions", () => true],
      ["lost", "answer lost", (f) => answerable(f) === true && recalled(f) === false],
      ["found", "answer kept", (f) => recalled(f) === true],
      ["unanswerable", "answer in no document", (f) => answerable(f) === false],
      ["empty", "nothing kept", (f) => Boolean(f & EMPTY)],
      ["failed", "errors", (f) => Boolean(f & (ERROR | READER_ERROR))],
      ["noted", "with a note", (f, n) => at(point, "note", n) !== null],
    ];
    if (withReader) {
      FILTERS.push(["wrong", "reader's answer not exact", (f) => exact(f) === false]);
      if (everything?.prediction) {
        FILTERS.push(["spoiled", "exact with all documents only", (f, n) =>
          exact(f) === false && exact(at(everything, "flags", n) ?? 0) === true]);
      }
    }

    let point = points[0], shown = [], active = 0;

    const groups = new Map();
    points.forEach((one, number) => {
      if (!groups.has(one.system)) groups.set(one.system, []);
      groups.get(one.system).push(make("option", { value: number, textContent: named(one) }));
    });
    for (const [label, options] of groups) {
      choice.append(options.length > 1 ? make("optgroup", { label }, ...options) : options[0]);
    }
    FILTERS.forEach(([value]) => filter.append(make("option", { value })));

    let haystacks = null;
    function matching(needle) {
      haystacks ??= questions.map(([id, query, answers]) => [id, query, ...answers].join("\n").toLowerCase());
      return (n) => haystacks[n].includes(needle)
        || (at(point, "prediction", n) ?? "").toLowerCase().includes(needle);
    }

    function choose(keep) {
      const wanted = shown[active];
      const rows = [];
      point.flags?.forEach((flags, n) => { if (flags !== null) rows.push([flags, n]); });
      FILTERS.forEach(([, label, test], number) => {
        const count = rows.filter(([flags, n]) => test(flags, n)).length;
        filter.options[number].textContent = `${label} (${count.toLocaleString("en")})`;
      });
      const test = FILTERS.find(([value]) => value === filter.value)[2];
      const needle = words.value.trim().toLowerCase();
      const matches = needle ? matching(needle) : () => true;
      shown = rows.filter(([flags, n]) => test(flags, n) && matches(n)).map(([, n]) => n);
      byId("count").textContent =
        `${shown.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} questions`;
      active = Math.max(0, keep ? shown.indexOf(wanted) : 0);
      space.style.height = `${shown.length * height()}px`;
      list.scrollTop = Math.min(list.scrollTop, active * height());
      go(active);
    }

    // ---- The list: only what can be seen is in the page.

    const height = () => 3.5 * parseFloat(getComputedStyle(document.documentElement).fontSize);

    function draw() {
      const first = Math.max(0, Math.floor(list.scrollTop / height()) - 4);
      const last = Math.min(shown.length, first + Math.ceil(list.clientHeight / height()) + 9);
      const places = [];
      for (let place = first; place < last; place += 1) places.push(place);
      // The one that is active is always there, for who listens.
      if (shown.length && (active < first || active >= last)) places.push(active);
      space.replaceChildren(...places.map(option));
      if (shown.length) list.setAttribute("aria-activedescendant", `option-${active}`);
      else list.removeAttribute("aria-activedescendant");
    }

    function option(place) {
      const n = shown[place];
      const element = make("div", { role: "option", id: `option-${place}`, className: "option" },
        make("span", { dir: "auto", textContent: questions[n][1] || questions[n][0] }),
        make("small", { textContent: inShort(n) }));
      element.setAttribute("aria-selected", String(place === active));
      element.setAttribute("aria-posinset", place + 1);
      element.setAttribute("aria-setsize", shown.length);
      element.style.top = `${place * height()}px`;
      element.addEventListener("click", () => { go(place); reveal(); });
      return element;
    }

    function inShort(n) {
      const flags = at(point, "flags", n), rate = rateOf(point, n), parts = [];
      if (flags & ERROR) parts.push("failed");
      else if (recalled(flags) === true) parts.push("answer kept");
      else if (answerable(flags) === false) parts.push("answer in no document");
      else if (recalled(flags) === false) parts.push("answer lost");
      if (flags & EMPTY) parts.push("nothing kept");
      else if (rate !== null) parts.push(`rate ${percent(rate)}`);
      if (flags & READER_ERROR) parts.push("reader failed");
      else if (exact(flags) !== null) parts.push(exact(flags) ? "reader exact" : "reader not exact");
      return parts.join(" · ");
    }

    function rateOf(one, n) {
      const before = at(one, "before", n), after = at(one, "after", n);
      if (before === null || after === null) return null;
      return before ? after / before : 0;
    }

    function go(place) {
      active = Math.min(Math.max(0, place), Math.max(0, shown.length - 1));
      const top = active * height();
      if (top < list.scrollTop) list.scrollTop = top;
      else if (top + height() > list.scrollTop + list.clientHeight) {
        list.scrollTop = top + height() - list.clientHeight;
      }
      draw();
      describe();
    }

    // On a phone the details lie below the list.
    function reveal() {
      if (matchMedia("(max-width: 47.99rem)").matches) byId("details").scrollIntoView();
    }

    list.addEventListener("keydown", (event) => {
      const page = Math.max(1, Math.floor(list.clientHeight / height()) - 1);
      const places = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page,
        PageUp: active - page, Home: 0, End: shown.length - 1 };
      if (event.key in places && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        go(places[event.key]);
      } else if (event.key === "Enter" && shown.length) {
        event.preventDefault();
        byId("asked").focus();
      }
    });
    byId("details").addEventListener("keydown", (event) => {
      if (event.key === "Escape") list.focus();
    });
    let waiting = false;
    list.addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; draw(); });
    });
    new ResizeObserver(() => draw()).observe(list);

    // ---- One question

    // A text between two offsets as nodes: `layers` are [spans, wrap], the first outermost. `wrap`
    // makes the element of a span; what lies between spans is handed on as it is.
    function pieces(text, from, to, layers) {
      if (!layers.length) return from < to ? [text.slice(from, to)] : [];
      const [[spans, wrap, between], ...inner] = layers, nodes = [];
      let position = from;
      const gap = (until) => {
        const children = pieces(text, position, until, inner);
        const visible = between && text.slice(position, until).trim();
        nodes.push(...(visible ? between(children) : children));
      };
      for (const [spanStart, spanEnd] of spans) {
        const [begin, end] = [Math.max(position, spanStart), Math.min(to, spanEnd)];
        if (begin >= end) continue;
        gap(begin);
        nodes.push(wrap(pieces(text, begin, end, inner)));
        position = end;
      }
      gap(to);
      return nodes;
    }

    const wrapped = (tag, className) => (children) => make(tag, { className }, ...children);

    function pairs(flat) {
      const spans = [];
      for (let n = 0; n < flat.length; n += 2) spans.push([flat[n], flat[n + 1]]);
      return spans;
    }

    function answerSpans(text, answers) {
      const usable = answers.map((answer) => answer.trim()).filter(Boolean).sort((a, b) => b.length - a.length);
      if (!usable.length) return [];
      const pattern = usable.map((answer) => answer.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
        .replace(/\s+/g, "\\s+")).join("|");
      const border = "(?<![\\p{Script=Latin}\\p{N}])", after = "(?![\\p{Script=Latin}\\p{N}])";
      const everywhere = new RegExp(`${border}(?:${pattern})${after}`, "giu");
      return Array.from(text.matchAll(everywhere), (match) => [match.index, match.index + match[0].length]);
    }

    function shownText(text, kept, gold, answers) {
      const dropped = (children) => [
        make("span", { className: "gap", textContent: " … " }),
        make("span", { className: "dropped" }, ...children)];
      const layers = [[gold, wrapped("span", "gold")], [answerSpans(text, answers), wrapped("span", "answer")]];
      if (kept) layers.unshift([kept, wrapped("mark", "kept"), dropped]);
      return make("div", { className: "text", dir: "auto" }, ...pieces(text, 0, text.length, layers));
    }

    function describe() {
      const n = shown[active];
      // Not `disabled`, which would lose the focus.
      byId("previous").setAttribute("aria-disabled", String(active === 0));
      byId("next").setAttribute("aria-disabled", String(active >= shown.length - 1));
      if (n === undefined) {
        byId("asked").textContent = "No question";
        found.replaceChildren(make("p", { className: "facts", textContent: "No question is like this: choose others above." }));
        return;
      }
      const [id, query, answers, places] = questions[n];
      byId("asked").textContent = query || id;
      found.replaceChildren(
        ...verdict(n),
        make("p", { className: "facts", textContent: facts(n, id) }),
        ...goldAnswers(answers),
        ...readers(n),
        ...context(n, answers, places),
        ...elsewhere(n));
    }

    function verdict(n) {
      const flags = at(point, "flags", n);
      const say = (textContent, kind = "") => make("p", { className: `verdict ${kind}`, textContent });
      const said = [];
      if (flags & ERROR) said.push(say(`No compression: ${at(point, "error", n)}`, "bad"));
      else if (recalled(flags) === true) said.push(say("The answer is in what was kept.", "good"));
      else if (answerable(flags) === false) said.push(say("No document holds the answer."));
      else if (recalled(flags) === false) said.push(say("The documents hold the answer, and it was lost.", "bad"));
      if (flags & EMPTY && !(flags & ERROR)) said.push(say("Nothing was kept: nothing would be prepended."));
      if (flags & READER_ERROR) said.push(say(`The reader failed: ${at(point, "readerError", n)}`, "bad"));
      return said;
    }

    function facts(n, id) {
      const parts = [`id ${id}`], rate = rateOf(point, n), note = at(point, "note", n);
      if (rate !== null) parts.push(`${at(point, "after", n)} of ${at(point, "before", n)} ${list.dataset.unit}, rate ${percent(rate)}`);
      if (at(point, "support", n) !== null && at(point, "support", n) < 1) parts.push(`support ${percent(at(point, "support", n))}`);
      if (at(point, "seconds", n) !== null) parts.push(told(at(point, "seconds", n)));
      if (at(point, "outcome", n)) parts.push(at(point, "outcome", n).replaceAll("_", " "));
      if (note) parts.push(note);
      return parts.join(" · ");
    }

    function goldAnswers(answers) {
      if (!answers.length) return [];
      const items = answers.flatMap((answer, n) => [n ? " · " : "", make("bdi", { textContent: answer })]);
      const label = make("strong", { textContent: answers.length > 1 ? "Gold answers: " : "Gold answer: " });
      return [make("p", {}, label, ...items)];
    }

    function cells(rows, heads, captionText) {
      const head = make("tr", {}, ...heads.map((textContent, n) =>
        make("th", { textContent, scope: "col", className: n < 2 ? "words" : "" })));
      const body = rows.map(([first, ...rest]) => make("tr", {},
        make("th", { scope: "row", className: "words" }, first),
        ...rest.map((value, n) => make("td", { className: n < 1 ? "words" : "", dir: n < 1 ? "auto" : "", textContent: value ?? "–" }))));
      const table = make("table", {}, make("caption", { className: "hidden", textContent: captionText }), make("thead", {}, head), make("tbody", {}, ...body));
      const region = make("div", { className: "scroll", tabIndex: 0, role: "region" }, table);
      region.setAttribute("aria-label", captionText);
      return region;
    }

    function readers(n) {
      if (!withReader) return [];
      const rows = [["this text", point], ["all documents", everything], ["no documents", nothing]]
        .filter(([label, one], place) => one && (place === 0 || one !== point) && at(one, "flags", n) !== null)
        .map(([label, one]) => [label, spoken(one, n), ...scores(one, n)]);
      return [make("h4", { textContent: "What the reader said" }),
        cells(rows, ["Given", "Answer", "Exact", "F1"], "Answers of the reader")];
    }

    const spoken = (one, n) => {
      if (at(one, "flags", n) & (ERROR | READER_ERROR)) return "failed";
      const answer = at(one, "prediction", n);
      return answer === "" ? "(no answer)" : answer;
    };

    function scores(one, n) {
      const right = exact(at(one, "flags", n)), f1 = at(one, "f1", n);
      return [right === null ? null : right ? "yes" : "no", f1 === null ? null : f1.toFixed(2)];
    }

    function context(n, answers, places) {
      const flat = at(point, "kept", n) ?? [], text = at(point, "text", n), nodes = [];
      if (text !== null) {
        const written = shownText(text, null, [], answers);
        written.classList.add("summary");
        nodes.push(make("h4", { textContent: "Text that is prepended" }), written);
      }
      if (!places.length) return [...nodes, make("p", { className: "facts", textContent: "There are no documents." })];
      nodes.push(make("h4", { textContent: "Documents" }));
      const samples = make("ul", { className: "samples" });
      if (flat.length) samples.append(make("li", {}, make("mark", { className: "kept", textContent: "kept" })));
      if (places.some((place) => documents[place][2].length)) samples.append(make("li", {}, make("span", { className: "gold", textContent: "gold sentence" })));
      if (answers.length) samples.append(make("li", {}, make("span", { className: "answer", textContent: "a gold answer" })));
      if (samples.children.length) nodes.push(samples);
      places.forEach((place, number) => {
        const [title, body, gold] = documents[place], kept = [];
        for (let i = 0; i < flat.length; i += 3) if (flat[i] === number) kept.push([flat[i + 1], flat[i + 2]]);
        const heading = make("h5", {}, `${number + 1}. `, make("bdi", { textContent: title || "Document" }));
        if (!kept.length) heading.append(make("span", { className: "facts", textContent: " – nothing kept of it" }));
        nodes.push(heading, body.trim() ? shownText(body, kept, pairs(gold), answers)
          : make("p", { className: "facts", textContent: "This document is empty." }));
      });
      return nodes;
    }

    // The other systems on this question: made when it is opened.
    function elsewhere(n) {
      if (points.length < 2) return [];
      const summary = make("summary", { textContent: `This question in all ${points.length} points` });
      const details = make("details", {}, summary);
      details.addEventListener("toggle", () => {
        if (!details.open || details.children.length > 1) return;
        const rows = points.filter((one) => at(one, "flags", n) !== null).map((one) => {
          const flags = at(one, "flags", n), rate = rateOf(one, n), found = recalled(flags);
          const answer = found === null ? null : found ? "kept" : answerable(flags) === false ? "in no document" : "lost";
          return [named(one), flags & ERROR ? "failed" : answer, rate === null ? null : percent(rate),
            ...(withReader ? [spoken(one, n), ...scores(one, n)] : [])];
        });
        details.append(cells(rows, ["Point", "Answer", "Rate", ...(withReader ? ["Reader said", "Exact", "F1"] : [])],
          "This question in all points"));
      });
      return [details];
    }

    // ---- Controls

    choice.addEventListener("change", () => { point = points[Number(choice.value)]; choose(true); });
    filter.addEventListener("change", () => choose(true));
    words.addEventListener("input", () => choose(true));
    byId("browser").querySelector("form").addEventListener("submit", (event) => event.preventDefault());
    byId("previous").addEventListener("click", () => go(active - 1));
    byId("next").addEventListener("click", () => go(active + 1));
    byId("short").addEventListener("change", (event) => found.classList.toggle("short", event.target.checked));
    list.dataset.unit = byId("browser").dataset.unit;
    byId("browser").hidden = false;
    choose(false);
  }

  if (byId("data")) {
    read().then(start).catch((error) => {
      const failed = make("p", { role: "alert", textContent:
        `The questions cannot be shown (${error.message}): a newer browser may be needed.` });
      byId("browser").before(failed);
      throw error;
    });
  }
})();
