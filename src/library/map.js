"use strict";
// Columns of the songs are arrays of the same length; folders, artists and classes are numbers into lists.
const data = JSON.parse(document.getElementById("data").textContent);
const size = data.title.length;
// d3 before version 6 keeps the event that it tells of, later ones hand it over.
const told = (event) => d3.event || event;
const element = (id) => document.getElementById(id);

// Okabe and Ito's colours, which people who see few colours can tell apart; shapes say the same once more.
const COLORS = ["#E69F00", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#F0E442", "#8a8f98"];
const SHAPES = [d3.symbolCircle, d3.symbolTriangle, d3.symbolSquare, d3.symbolDiamond, d3.symbolStar, d3.symbolCross,
                d3.symbolWye, d3.symbolCircle];
const UNSURE = data.emotions.length - 1;  // the last one: songs without an emotion
const look = (emotion) => (emotion === UNSURE ? COLORS.length - 1 : emotion % (COLORS.length - 1));

const embedding = (() => {  // [size × axes], thousandths
  if (!data.axes) return null;
  const bytes = Uint8Array.from(atob(data.embedding), (c) => c.charCodeAt(0));
  return new Int16Array(bytes.buffer);
})();
const PLANES = {
  embedding: { name: "Place by sound", x: (i) => embedding[i * data.axes] / 1000,
               y: (i) => (data.axes > 1 ? embedding[i * data.axes + 1] / 1000 : 0), known: () => true },
  values: { name: "Valence and arousal", x: (i) => data.valence[i], y: (i) => data.arousal[i],
            known: (i) => data.valence[i] !== null },
};
const planes = Object.keys(PLANES).filter((p) => (p === "embedding" ? embedding : data.valence.some((v) => v !== null)));

const state = { plane: planes[0], shown: [], chosen: null, current: null, lassoing: false, path: [],
                off: new Set(), view: d3.zoomIdentity };
const canvas = element("map");
const context = canvas.getContext("2d");
const x = d3.scaleLinear(), y = d3.scaleLinear();
let width = 0, height = 0, tree = null, sprites = [], waiting = false;

const artistOf = (i) => data.artists[data.artist[i]];
const nameOf = (i) => (artistOf(i) ? artistOf(i) + " – " + data.title[i] : data.title[i]);
const pathOf = (i) => data.folders[data.folder[i]] + "/" + data.file[i];
const percent = (p) => Math.round(100 * p) + " %";
function aboutSong(i) {
  const lines = [data.emotions[data.emotion[i]] +
                 (data.confidence[i] === null ? "" : ", " + percent(data.confidence[i]) + " sure")];
  if (data.valence[i] !== null) {
    const number = (v) => (v < 0 ? "−" : "+") + Math.abs(v).toFixed(2);
    lines.push("valence " + number(data.valence[i]) + ", arousal " + number(data.arousal[i]));
  }
  if (data.labels && data.labels[i]) lines.push(data.labels[i]);
  return lines.concat(pathOf(i)).join("\n");
}
function linkTo(i) {
  const bytes = data.links[i];  // of names that are no text
  return data.folder_links[data.folder[i]] + (bytes === undefined ? encodeURIComponent(data.file[i]) : bytes);
}

// ---- Drawing

// Points are written into the picture's own memory: tens of thousands a frame, also without a graphics card.
const SPRITE = 10;  // pixels of the page
let picture = null, pixels = null, bytes = null;
function makeSprites() {
  const scale = window.devicePixelRatio || 1, side = Math.ceil(SPRITE * scale);
  sprites = COLORS.map((color, k) => [1, 0.12].map((alpha) => {
    const sprite = document.createElement("canvas");
    sprite.width = sprite.height = side;
    const pen = sprite.getContext("2d");
    pen.translate(side / 2, side / 2);
    pen.scale(scale, scale);
    pen.fillStyle = color;
    pen.beginPath();
    d3.symbol().type(SHAPES[k]).size(30).context(pen)();
    pen.fill();
    const drawn = pen.getImageData(0, 0, side, side).data, { r, g, b } = d3.color(color), dots = [];
    for (let i = 0; i < side * side; ++i) {
      if (drawn[4 * i + 3] > 8) dots.push(i % side, Math.floor(i / side), (drawn[4 * i + 3] / 255) * alpha);
    }
    return { side, dots, r, g, b, packed: ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0 };
  }));
}
function stamp(sprite, left, top) {
  if (left < 0 || top < 0 || left + sprite.side > picture.width || top + sprite.side > picture.height) return;
  const { dots, r, g, b } = sprite;
  for (let k = 0; k < dots.length; k += 3) {
    const at = (top + dots[k + 1]) * picture.width + left + dots[k], part = dots[k + 2];
    if (part > 0.97) { pixels[at] = sprite.packed; continue; }
    const byte = 4 * at;
    bytes[byte] += (r - bytes[byte]) * part;
    bytes[byte + 1] += (g - bytes[byte + 1]) * part;
    bytes[byte + 2] += (b - bytes[byte + 2]) * part;
  }
}
/// A linear scale as a factor and an offset.
const line = (scale) => [scale(1) - scale(0), scale(0)];
function draw() {
  waiting = false;
  const sx = state.view.rescaleX(x), sy = state.view.rescaleY(y);
  const plane = PLANES[state.plane];
  const back = d3.color(getComputedStyle(document.body).backgroundColor), scale = window.devicePixelRatio || 1;
  pixels.fill(((255 << 24) | (back.b << 16) | (back.g << 8) | back.r) >>> 0);
  const dims = state.chosen !== null, [ax, bx] = line(sx), [ay, by] = line(sy), half = SPRITE / 2;
  for (const dimmed of dims ? [true, false] : [false]) {
    for (const i of state.shown) {
      if (dims && state.chosen.has(i) === dimmed) continue;
      stamp(sprites[look(data.emotion[i])][dimmed ? 1 : 0], Math.round((ax * plane.x(i) + bx - half) * scale),
            Math.round((ay * plane.y(i) + by - half) * scale));
    }
  }
  context.putImageData(picture, 0, 0);
  const soft = getComputedStyle(document.documentElement).getPropertyValue("--line");
  context.strokeStyle = soft;
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--soft");
  if (state.plane === "values") {
    context.beginPath();
    context.moveTo(sx(-1), sy(0)); context.lineTo(sx(1), sy(0));
    context.moveTo(sx(0), sy(-1)); context.lineTo(sx(0), sy(1));
    context.stroke();
    context.fillText("valence →", sx(1) - 52, sy(0) - 6);
    context.fillText("arousal ↑", sx(0) + 6, sy(1) + 10);
  }
  if (state.current !== null && plane.known(state.current)) {
    context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--mark");
    context.lineWidth = 2;
    context.beginPath();
    context.arc(sx(plane.x(state.current)), sy(plane.y(state.current)), 9, 0, 2 * Math.PI);
    context.stroke();
    context.lineWidth = 1;
  }
  if (state.path.length > 1) {
    context.strokeStyle = context.fillStyle;
    context.setLineDash([4, 3]);
    context.beginPath();
    state.path.forEach(([a, b], k) => (k ? context.lineTo(a, b) : context.moveTo(a, b)));
    context.closePath();
    context.stroke();
    context.setLineDash([]);
  }
}
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(draw);
}
function resize() {
  const box = canvas.getBoundingClientRect(), scale = window.devicePixelRatio || 1;
  width = box.width; height = box.height;
  canvas.width = Math.max(1, width * scale); canvas.height = Math.max(1, height * scale);
  picture = context.createImageData(canvas.width, canvas.height);
  pixels = new Uint32Array(picture.data.buffer);
  bytes = picture.data;
  context.scale(scale, scale);
  place();
}
/// The same units along both axes, so that distances are what they seem.
function place() {
  const plane = PLANES[state.plane];
  const known = d3.range(size).filter(plane.known);
  const [left, right] = state.plane === "values" ? [-1, 1] : d3.extent(known, plane.x);
  const [low, high] = state.plane === "values" ? [-1, 1] : d3.extent(known, plane.y);
  const unit = Math.min((width - 40) / Math.max(1e-9, right - left), (height - 40) / Math.max(1e-9, high - low));
  const middle = [(left + right) / 2, (low + high) / 2];
  x.domain([middle[0] - width / 2 / unit, middle[0] + width / 2 / unit]).range([0, width]);
  y.domain([middle[1] - height / 2 / unit, middle[1] + height / 2 / unit]).range([height, 0]);
  filter();
}

// ---- Choosing

function filter() {
  const words = element("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const artist = element("artist").value.toLowerCase();
  const folder = element("folder").value;
  const least = +element("confidence").value;
  const plane = PLANES[state.plane];
  const below = data.folders.map((f) => !folder || f === folder || f.startsWith(folder + "/"));
  const artists = data.artists.map((a) => !artist || a.toLowerCase().includes(artist));
  state.shown = d3.range(size).filter((i) => {
    if (!plane.known(i) || state.off.has(data.emotion[i]) || !below[data.folder[i]] || !artists[data.artist[i]]) return false;
    if (least > 0 && !(data.confidence[i] >= least)) return false;
    if (!words.length) return true;
    const text = (nameOf(i) + " " + data.file[i]).toLowerCase();
    return words.every((word) => text.includes(word));
  });
  state.chosen = null;
  tree = d3.quadtree(state.shown, plane.x, plane.y);
  element("sure").value = percent(least);
  say();
}
function say() {
  const count = chosen().length;
  element("count").value = count === size ? size + " songs" : count + " of " + size + " songs";
  redraw();
}
const chosen = () => (state.chosen ? state.shown.filter((i) => state.chosen.has(i)) : state.shown);
function songAt([px, py]) {
  const sx = state.view.rescaleX(x), sy = state.view.rescaleY(y);
  const reach = Math.abs(sx.invert(px + 10) - sx.invert(px));
  const found = tree.find(sx.invert(px), sy.invert(py), reach);
  return found === undefined ? null : found;
}
function neighbors(i, count) {
  const far = embedding
    ? (j) => { let sum = 0; for (let a = 0; a < data.axes; ++a) sum += (embedding[i * data.axes + a] - embedding[j * data.axes + a]) ** 2; return sum; }
    : (j) => (data.valence[i] - data.valence[j]) ** 2 + (data.arousal[i] - data.arousal[j]) ** 2;
  return d3.range(size).filter((j) => j !== i && (embedding || data.valence[j] !== null))
    .map((j) => [far(j), j]).sort((a, b) => a[0] - b[0]).slice(0, count).map((pair) => pair[1]);
}
function play(i) {
  state.current = i;
  element("title").textContent = nameOf(i);
  element("about").textContent = aboutSong(i);
  element("trouble").textContent = "";
  const player = element("player");
  player.src = linkTo(i);
  player.play().catch((error) => {
    if (error.name !== "AbortError") element("trouble").textContent = "cannot be played from here: " + decodeURI(linkTo(i));
  });
  element("near-title").hidden = false;
  element("near").replaceChildren(...neighbors(i, 10).map((j) => {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.textContent = nameOf(j);
    button.addEventListener("click", () => play(j));
    item.append(button);
    return item;
  }));
  redraw();
}
function save() {
  const line = (text) => text.replace(/[\r\n]+/g, " ");
  const lines = ["#EXTM3U"];
  for (const i of chosen()) lines.push("#EXTINF:" + Math.round(data.duration[i]) + "," + line(nameOf(i)), pathOf(i));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "audio/x-mpegurl" }));
  link.download = "moods.m3u8";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// ---- Hands

const zoom = d3.zoom().scaleExtent([0.5, 200]).filter((event) => !state.lassoing || told(event).type === "wheel")
  .on("zoom", (event) => { state.view = told(event).transform; redraw(); });
d3.select(canvas).call(zoom).on("dblclick.zoom", null);
d3.select(canvas).call(d3.drag().filter(() => state.lassoing).container(canvas)
  .on("start", (event) => { state.path = [[told(event).x, told(event).y]]; })
  .on("drag", (event) => { state.path.push([told(event).x, told(event).y]); redraw(); })
  .on("end", () => {
    const sx = state.view.rescaleX(x), sy = state.view.rescaleY(y), plane = PLANES[state.plane];
    const inside = state.shown.filter((i) => d3.polygonContains(state.path, [sx(plane.x(i)), sy(plane.y(i))]));
    state.chosen = state.path.length > 2 && inside.length ? new Set(inside) : null;
    state.path = [];
    setLasso(false);
    say();
  }));
function setLasso(on) {
  state.lassoing = on;
  element("lasso").setAttribute("aria-pressed", on);
  canvas.classList.toggle("lasso", on);
}
canvas.addEventListener("click", (event) => {
  if (state.lassoing || event.defaultPrevented) return;
  const song = songAt([event.offsetX, event.offsetY]);
  if (song !== null) play(song);
});
canvas.addEventListener("mousemove", (event) => {
  const at = [event.offsetX, event.offsetY], song = event.buttons ? null : songAt(at), tip = element("tip");
  tip.hidden = song === null;
  if (song === null) return;
  tip.textContent = nameOf(song) + "\n" + aboutSong(song);
  tip.style.left = Math.min(at[0] + 14, Math.max(0, width - 330)) + "px";
  tip.style.top = Math.min(at[1] + 14, Math.max(0, height - 120)) + "px";
});
canvas.addEventListener("mouseleave", () => { element("tip").hidden = true; });
canvas.addEventListener("keydown", (event) => {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const step = steps[event.key];
  if (!step || !state.shown.length) return;
  event.preventDefault();
  if (state.current === null) return play(state.shown[0]);
  const plane = PLANES[state.plane], from = [plane.x(state.current), plane.y(state.current)];
  const ahead = state.shown.map((i) => {
    const way = [plane.x(i) - from[0], plane.y(i) - from[1]], forward = way[0] * step[0] + way[1] * step[1];
    const aside = Math.abs(way[0] * step[1]) + Math.abs(way[1] * step[0]);
    return forward > 0 ? [forward + 2 * aside, i] : null;
  }).filter(Boolean);
  if (ahead.length) play(ahead.reduce((a, b) => (a[0] < b[0] ? a : b))[1]);
});
element("fit").addEventListener("click", () => d3.select(canvas).call(zoom.transform, d3.zoomIdentity));
element("lasso").addEventListener("click", () => setLasso(!state.lassoing));
element("save").addEventListener("click", save);
for (const id of ["search", "artist", "folder", "confidence"]) element(id).addEventListener("input", filter);
element("plane").addEventListener("input", (event) => {
  state.plane = event.target.value;
  d3.select(canvas).call(zoom.transform, d3.zoomIdentity);
  place();
});
element("player").addEventListener("error", () => {
  if (element("player").getAttribute("src")) element("trouble").textContent = "cannot be played from here: " + element("player").src;
});

function option(value, text) {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = text;
  return made;
}
element("plane").append(...planes.map((p) => option(p, PLANES[p].name)));
element("plane").hidden = planes.length < 2;
element("folder").append(option("", "All folders"), ...[...data.folders].sort().map((f) => option(f, f)));
element("artists").append(...[...data.artists].filter(Boolean).sort().map((a) => option(a, a)));
data.emotions.forEach((emotion, k) => {
  if (!data.emotion.includes(k)) return;
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-pressed", "true");
  const icon = d3.create("svg").attr("viewBox", "-6 -6 12 12");
  icon.append("path").attr("d", d3.symbol().type(SHAPES[look(k)]).size(60)()).attr("fill", COLORS[look(k)]);
  button.append(icon.node(), emotion);
  button.addEventListener("click", () => {
    state.off.has(k) ? state.off.delete(k) : state.off.add(k);
    button.setAttribute("aria-pressed", !state.off.has(k));
    filter();
  });
  element("emotions").append(button);
});
makeSprites();
window.addEventListener("resize", resize);
resize();
document.documentElement.dataset.ready = "true";
