// The live parts of a page. Markup comes through htmx; numbers come as ready-made strings and are put
// in place here. Nothing is computed about money, nothing is commanded over the socket.
(function () {
  "use strict";
  var root = document.documentElement;
  var byId = function (id) { return document.getElementById(id); };
  var offset = Number(root.dataset.now) - Date.now(); // server's clock minus ours
  var build = root.dataset.build;
  var page = document.body.dataset.page;
  var wire = null, socket = null, lastFrame = 0, opened = false, everOpen = false, stopped = "", retry = 0, retryTimer = 0;
  var rows = new Map();
  var pendingOrder = null, paused = false, missed = 0, pointerInside = false, refetchedAt = 0;
  var flashes = 0, flashedAt = new WeakMap();

  if (window.Idiomorph) Idiomorph.defaults.ignoreActiveValue = true;
  if (window.htmx) htmx.config.wsReconnectDelay = function (count) { return Math.random() * Math.min(10000, 250 * Math.pow(2, count)); };

  function serverNow() { return Date.now() + offset; }
  function setText(node, text) {
    var child = node.firstChild;
    if (child && child.nodeType === 3 && node.childNodes.length === 1) {
      if (child.nodeValue !== text) child.nodeValue = text;
    } else if (node.textContent !== text) node.textContent = text;
  }

  // --- ages -----------------------------------------------------------------------------------------
  function pad(number) { return number < 10 ? "0" + number : String(number); }
  function ageText(ms) {
    if (ms < 0) ms = 0;
    var s = Math.floor(ms / 1000);
    if (s < 10) return s + "." + Math.floor(ms % 1000 / 100) + "s";
    if (s < 60) return s + "s";
    if (s < 3600) return Math.floor(s / 60) + "m " + pad(s % 60) + "s";
    if (s < 86400) return Math.floor(s / 3600) + "h " + pad(Math.floor(s % 3600 / 60)) + "m";
    return Math.floor(s / 86400) + "d";
  }
  function showAge(node, now) {
    var at = Number(node.dataset.at);
    if (!at) return;
    var ms = now - at, limit = Number(node.dataset.limit);
    setText(node, ageText(ms));
    var state = ms > limit ? "stale" : ms * 2 > limit ? "ageing" : "fresh";
    if (node.dataset.s !== state) node.dataset.s = state;
  }
  function clockText(ms) { return new Date(ms).toISOString().slice(11, 19); }
  function tick() {
    var now = serverNow(), clock = byId("clock");
    if (clock) setText(clock, clockText(now));
    if (document.hidden) return;
    if (!paused) document.querySelectorAll(".age[data-at]").forEach(function (node) { showAge(node, now); });
    showWire();
  }
  setInterval(tick, 1000);

  // --- the connection chip --------------------------------------------------------------------------
  function showWire() {
    var chip = byId("wire-chip");
    if (!chip) return;
    var quiet = Date.now() - lastFrame, state = "ok", text = ageText(quiet);
    if (!lastFrame) { state = "off"; text = "connecting"; }
    else if (quiet > 3000) { state = "lost"; text = "Reconnecting, showing " + clockText(lastFrame + offset); }
    else if (quiet > 1500) state = "late";
    if (stopped) { state = "lost"; text = stopped; }
    chip.dataset.state = state;
    setText(chip.querySelector(".text"), text);
    document.body.classList.toggle("is-lost", state === "lost");
    if (quiet > 3000 && lastFrame && opened && !document.hidden && wire) { opened = false; wire.reconnect(); }
  }

  // --- the table ------------------------------------------------------------------------------------
  var body = byId("rows"), card = byId("edges");
  function index(row) {
    var cells = {};
    row.querySelectorAll("[data-c]").forEach(function (node) { cells[node.dataset.c] = node; });
    var entry = { row: row, cells: cells, bar: row.querySelector(".ebar") };
    rows.set(row.dataset.row, entry);
    return entry;
  }
  function reindex() {
    if (!body) return;
    rows.clear();
    body.querySelectorAll("tr.row").forEach(index);
    openIds().forEach(function (id) {
      var entry = rows.get(id), caret = byId("c-" + id);
      if (entry) entry.row.classList.add("open");
      if (caret) caret.setAttribute("aria-expanded", "true");
    });
  }
  function flash(node) {
    var now = Date.now();
    if (flashes >= 6 || now - (flashedAt.get(node) || 0) < 1000) return;
    flashedAt.set(node, now);
    flashes += 1;
    node.classList.add("flash");
    setTimeout(function () { node.classList.remove("flash"); flashes -= 1; }, 600);
  }
  function patchRow(entry, cells, flags) {
    for (var key in cells) {
      var node = entry.cells[key];
      if (!node) continue;
      if (key.charAt(0) === "t") { node.dataset.at = cells[key]; showAge(node, serverNow()); }
      else setText(node, String(cells[key]));
    }
    if (flags.f) flags.f.forEach(function (name) { if (entry.cells[name]) flash(entry.cells[name]); });
    if (flags.bar && entry.bar) {
      var net = entry.bar.querySelector(".net"), cost = entry.bar.querySelector(".cost"), tail = entry.bar.querySelector(".tail");
      net.setAttribute("width", flags.bar[0]);
      cost.setAttribute("x", flags.bar[0]); cost.setAttribute("width", flags.bar[1]);
      tail.setAttribute("x", flags.bar[0] + flags.bar[1]); tail.setAttribute("width", flags.bar[2]);
    }
  }
  function held() {
    if (!body) return false;
    var selection = window.getSelection();
    return pointerInside || body.contains(document.activeElement) || body.querySelector("tr.explain") !== null ||
      (selection && !selection.isCollapsed && body.contains(selection.anchorNode));
  }
  function currentOrder() { return Array.prototype.map.call(body.querySelectorAll("tr.row:not([hidden]):not(.gone)"), function (r) { return r.dataset.row; }); }
  function offerOrder(ids) {
    pendingOrder = ids;
    if (!currentOrder().length || !held()) applyOrder();
    else showHeld();
  }
  function showHeld() {
    var bar = byId("held");
    if (!bar) return;
    var now = currentOrder(), moving = 0, fresh = 0;
    (pendingOrder || []).forEach(function (id, place) { if (now.indexOf(id) < 0) fresh += 1; else if (now[place] !== id) moving += 1; });
    bar.hidden = !pendingOrder || moving + fresh === 0;
    if (!bar.hidden) setText(bar.querySelector("span"), "Order held: " + (moving ? moving + (moving === 1 ? " row" : " rows") + " would move" : "") + (moving && fresh ? ", " : "") + (fresh ? fresh + " new" : ""));
    markGone();
  }
  function markGone() {
    if (!pendingOrder) return;
    rows.forEach(function (entry, id) {
      if (entry.row.hidden || entry.row.classList.contains("gone") || pendingOrder.indexOf(id) >= 0) return;
      entry.row.classList.add("gone");
      setTimeout(function () { removeRow(id); }, 5000);
    });
  }
  function removeRow(id) {
    var entry = rows.get(id);
    if (!entry || !entry.row.classList.contains("gone")) return;
    if (pendingOrder && pendingOrder.indexOf(id) >= 0) { entry.row.classList.remove("gone"); return; }
    var why = byId("x-" + id);
    if (why) why.remove();
    entry.row.remove();
    rows.delete(id);
  }
  function applyOrder() {
    if (!pendingOrder || !body) return;
    var ids = pendingOrder, first = !currentOrder().length, place = body.firstElementChild;
    ids.forEach(function (id) {
      var entry = rows.get(id);
      if (!entry) return;
      var row = entry.row;
      if (row.hidden) {
        row.hidden = false;
        if (!first) { row.classList.add("new"); setTimeout(function () { row.classList.remove("new"); }, 5000); }
      }
      row.classList.remove("gone");
      if (place !== row) body.insertBefore(row, place); else place = place.nextElementSibling;
      var why = byId("x-" + id);
      if (why) { if (place !== why) body.insertBefore(why, place); else place = place.nextElementSibling; }
    });
    markGone();
    pendingOrder = ids;
    if (card) card.hidden = ids.length === 0;
    var bar = byId("held");
    if (bar) bar.hidden = true;
  }

  // --- explanations ---------------------------------------------------------------------------------
  function openIds() { return body ? Array.prototype.map.call(body.querySelectorAll("tr.explain"), function (r) { return r.dataset.of; }) : []; }
  function toggle(id) {
    var entry = rows.get(id), why = byId("x-" + id);
    if (!entry) return;
    var caret = byId("c-" + id), open = !why;
    if (why) why.remove();
    else {
      var row = document.createElement("tr"), cell = document.createElement("td"), inner = document.createElement("div");
      row.className = "explain"; row.id = "x-" + id; row.dataset.of = id; row.setAttribute("role", "row");
      cell.colSpan = 14; cell.setAttribute("role", "cell");
      inner.id = "xb-" + id;
      cell.appendChild(inner); row.appendChild(cell);
      entry.row.insertAdjacentElement("afterend", row);
      htmx.ajax("GET", "/edges/" + encodeURIComponent(id) + "/explain/", { target: inner, swap: "outerHTML" });
    }
    caret.setAttribute("aria-expanded", String(open));
    entry.row.classList.toggle("open", open);
    say();
  }

  // --- the socket -----------------------------------------------------------------------------------
  function send(what) { if (opened && socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(what)); }
  function say(have) {
    var what = { page: page, hidden: document.hidden || paused };
    if (page === "edges" && card) {
      what.v = card.dataset.view; what.sort = card.dataset.sort; what.q = card.dataset.q;
      what.n = Number(card.dataset.page); what.open = openIds();
      if (have) what.have = Array.from(rows.keys());
    }
    var venues = byId("venues");
    if (venues && venues.dataset.open) what.open = [venues.dataset.open];
    send(what);
  }
  function refetch() {
    if (!window.htmx || document.hidden || Date.now() - refetchedAt < 2000) return;
    refetchedAt = Date.now();
    if (page === "edges") { reindex(); say(true); return; }
    if (page !== "deals" && page !== "positions" && page !== "venues" && page !== "opportunities") return;
    if (document.activeElement && /INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName)) return;
    htmx.ajax("GET", location.pathname + location.search, { target: "#main", select: "#main", swap: "morph" });
  }
  function onJson(frame) {
    if (frame.at) offset = frame.at - Date.now();
    if (frame.t === "p") {
      send({ ack: frame.n });
      if (frame.r.length && !paused) frame.r.forEach(function (item) { var entry = rows.get(item[0]); if (entry) patchRow(entry, item[1], item[2]); });
    } else if (frame.t === "o") offerOrder(frame.ids);
    else if (frame.t === "d") { if (page === "deals" || page === "positions") refetch(); }
    else if (frame.t === "hello") {
      if (frame.build !== build && !document.querySelector(".input:focus")) location.reload();
      else { if (everOpen) refetch(); everOpen = true; }
    }
  }
  document.body.addEventListener("htmx:wsOpen", function (event) {
    wire = event.detail.socketWrapper; socket = event.detail.event.target; opened = true; retry = 0; stopped = ""; lastFrame = Date.now();
    reindex();
    say(true);
    showWire();
  });
  document.body.addEventListener("htmx:wsBeforeMessage", function (event) {
    wire = wire || event.detail.socketWrapper;
    lastFrame = Date.now();
    var text = event.detail.message;
    if (text.charAt(0) === "{") { event.preventDefault(); onJson(JSON.parse(text)); showWire(); }
    else if (paused && text.indexOf("<tr") === 0) { event.preventDefault(); missed += 1; }
  });
  document.body.addEventListener("htmx:wsAfterMessage", function (event) {
    if (event.detail.message.indexOf("<t") === 0) reindex();
    followMode();
    followAlert();
  });
  document.body.addEventListener("htmx:wsClose", function (event) {
    opened = false;
    var code = event.detail.event.code;
    if (code === 4401) { stopped = "Signed out. Sign in to act."; showWire(); return; }
    if (code === 4403) { stopped = "Not allowed"; showWire(); return; }
    if (code === 4001) { location.reload(); return; }
    if ([4000, 4408, 1000, 1001, 1005].indexOf(code) < 0) return;
    clearTimeout(retryTimer);
    retryTimer = setTimeout(function () { event.detail.socketWrapper.reconnect(); }, Math.random() * Math.min(10000, 250 * Math.pow(2, ++retry)));
  });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) { tick(); refetch(); } else say(); });
  window.addEventListener("pageshow", function (event) { if (event.persisted) refetch(); });

  function followMode() {
    var head = byId("head-numbers");
    if (!head || root.dataset.mode === head.dataset.mode && document.title.indexOf(head.dataset.word) === 0) return;
    root.dataset.mode = head.dataset.mode;
    var parts = document.title.split(" · ");
    parts[0] = head.dataset.word;
    document.title = parts.join(" · ");
    document.body.classList.toggle("is-silent", head.dataset.silent === "1");
  }

  // --- hands ----------------------------------------------------------------------------------------
  if (body) {
    body.addEventListener("pointerenter", function (event) { if (event.pointerType === "mouse") pointerInside = true; });
    body.addEventListener("pointerleave", function () { pointerInside = false; release(false); });
    body.addEventListener("focusout", function () { setTimeout(function () { release(false); }, 0); });
    body.addEventListener("click", function (event) {
      var caret = event.target.closest("[data-explain]"), row = event.target.closest("tr.row");
      if (caret) { event.preventDefault(); toggle(caret.dataset.explain); }
      else if (row && !event.target.closest("a, button") && window.getSelection().isCollapsed) toggle(row.dataset.row);
    });
  }
  function release(always) { if (pendingOrder && (always || !held())) applyOrder(); }
  function pause() {
    var button = byId("pause");
    if (!button) return;
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    setText(button.querySelector("span"), paused ? "Paused " + clockText(serverNow()) : "Pause");
    say(!paused);
  }
  // --- one's own ways, kept in this browser ---------------------------------------------------------
  function chosen(way) { try { return localStorage.getItem(way) || ""; } catch (refused) { return ""; } }
  function choose(way, value) {
    try { if (value) localStorage.setItem(way, value); else localStorage.removeItem(way); } catch (refused) { /* not kept */ }
    if (way !== "theme") return;
    if (value) root.dataset.theme = value; else delete root.dataset.theme;
  }
  function theme() {
    var next = { undefined: "dark", dark: "light", light: "" }[root.dataset.theme];
    choose("theme", next);
    toast("Colours: " + (next || "as the system"));
  }
  Array.prototype.forEach.call(document.querySelectorAll("[data-way]"), function (input) {
    input.checked = chosen(input.dataset.way) === input.value;
    input.addEventListener("change", function () {
      choose(input.dataset.way, input.checked ? input.value : "");
      touched();
      if (input.dataset.way === "notify" && input.checked && window.Notification) Notification.requestPermission().then(tellWays);
      tellWays();
    });
  });
  // Sound follows alerts, not timers of a hidden tab; a browser plays none before the page was touched.
  var audio = null, ringing = 0, alertKind = null;
  function touched() {
    clearInterval(ringing); ringing = 0;
    if (chosen("sound") && !audio && window.AudioContext) { audio = new AudioContext(); tellWays(); }
  }
  function tones() {
    if (!audio) return;
    [660, 880].forEach(function (pitch, place) {
      var tone = audio.createOscillator(), gain = audio.createGain(), at = audio.currentTime + 0.22 * place;
      tone.frequency.value = pitch; gain.gain.setValueAtTime(0.2, at); gain.gain.exponentialRampToValueAtTime(0.001, at + 0.2);
      tone.connect(gain).connect(audio.destination); tone.start(at); tone.stop(at + 0.2);
    });
  }
  function notify(text) { if (chosen("notify") && window.Notification && Notification.permission === "granted") new Notification("Arbsite", { body: text, tag: "arbsite" }); }
  function followAlert() {
    var bar = byId("attention"), kind = bar ? bar.dataset.kind || "" : "";
    if (kind === alertKind) return;
    var first = alertKind === null, critical = bar && bar.classList.contains("critical");
    alertKind = kind;
    clearInterval(ringing); ringing = 0;
    if (!kind) return;
    if (!first && document.hidden) notify(bar.textContent.trim());
    if (critical && chosen("sound")) { tones(); ringing = setInterval(tones, 10000); }
  }
  function tellWays() {
    var sound = byId("sound-state"), said = byId("notify-state"), may = window.Notification ? Notification.permission : "none";
    if (sound) setText(sound, !chosen("sound") ? "Off. Two tones, again every 10 s until a key or a click on the page." : audio ? "Armed on this page." : "On, but not armed yet: press any key or click on the page.");
    if (said) setText(said, !chosen("notify") ? "Off. A notification of the browser says what the bar says." : may === "granted" ? "On." : may === "denied" ? "On, but this browser forbids it: allow notifications for this site." : "On, but the browser was not asked yet: switch it off and on.");
  }
  document.addEventListener("pointerdown", touched); document.addEventListener("keydown", touched);
  listen("try-alert", function () { tones(); notify("This is how an alert looks."); });
  function toast(text) {
    var box = byId("toast");
    box.textContent = text; box.hidden = false;
    clearTimeout(box.timer);
    box.timer = setTimeout(function () { box.hidden = true; }, 6000);
  }
  function listen(id, what) { var node = byId(id); if (node) node.addEventListener("click", what); }
  listen("pause", pause);
  listen("theme", theme);
  listen("release", function () { release(true); });
  var form = byId("halt-form");
  if (form) form.addEventListener("submit", function () { var button = byId("halt"); setTimeout(function () { button.disabled = true; }, 0); });

  // --- keys -----------------------------------------------------------------------------------------
  var prefix = "", prefixTimer = 0;
  var places = { e: "/", d: "/deals/", b: "/positions/", o: "/opportunities/", r: "/pairs/", v: "/venues/", s: "/settings/", a: "/audit/", c: "/tools/" };
  function step(by) {
    var list = body || document.querySelector("tbody[data-steps]");
    if (!list) return;
    var all = Array.prototype.filter.call(list.querySelectorAll("tr.row, tr[data-go]"), function (r) { return !r.hidden; });
    var here = all.indexOf(document.activeElement && document.activeElement.closest("tr.row, tr[data-go]"));
    var next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, here + by))];
    if (next) next.focus();
  }
  function arm(key) { prefix = key; clearTimeout(prefixTimer); prefixTimer = setTimeout(disarm, 2500); if (key === "h") byId("halt").dataset.armed = ""; }
  function disarm() { prefix = ""; var button = byId("halt"); if (button) delete button.dataset.armed; }
  function goneTo(row) { if (row && row.dataset.go) location.assign(row.dataset.go); return Boolean(row && row.dataset.go); }
  var plain = {
    "/": function () { var f = byId("filter"); if (f) { f.focus(); f.select(); } },
    j: function () { step(1); }, k: function () { step(-1); },
    e: function () { var row = document.activeElement && document.activeElement.closest("tr.row, tr[data-go]"); if (row && !goneTo(row)) toggle(row.dataset.row); },
    ".": function () { release(true); },
    p: pause,
    h: function () { if (form && root.dataset.mode !== "halted") arm("h"); },
    g: function () { arm("g"); },
    "?": function () { byId("keys").showModal(); },
    Escape: function () { var open = openIds(); if (open.length) toggle(open[open.length - 1]); else if (document.activeElement) document.activeElement.blur(); }
  };
  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || chosen("keys") === "off" && event.key !== "Escape") return;
    if (/INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) { if (event.key === "Escape") event.target.blur(); return; }
    if (document.querySelector("dialog[open]")) return;
    if (prefix === "h" && event.key === "Enter") { event.preventDefault(); disarm(); form.requestSubmit(); return; }
    if (prefix === "g" && places[event.key]) { location.assign(places[event.key]); return; }
    var was = prefix;
    disarm();
    if (was && event.key === "Escape") return;
    // A button or link of the page says itself which key it has; it comes before the lists' keys.
    var named = document.querySelector("[data-key=" + JSON.stringify(event.key) + "]");
    if (named) { event.preventDefault(); named.click(); return; }
    if (plain[event.key]) { if (event.key !== "Escape") event.preventDefault(); plain[event.key](); }
    else if (event.key === "Enter" && event.target.classList.contains("row")) toggle(event.target.dataset.row);
    else if (event.key === "Enter") goneTo(event.target);
  });

  reindex();
  followMode();
  followAlert();
  tellWays();
  var tab = document.querySelector(".tabbar [aria-current]");
  if (tab) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  document.body.classList.toggle("is-silent", (byId("head-numbers") || { dataset: {} }).dataset.silent === "1");
  tick();
})();
