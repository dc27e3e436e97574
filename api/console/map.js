// The county on a canvas, in Web Mercator so that tiles fit under it where there are any.

import { Shared, titled } from "shared";

const COLOURS = { red: "#d9353a", orange: "#f28c28", yellow: "#e0b400", blue: "#3f80e0", ill: "#8a949e" };
const GRADES = { 1: "#d9353a", 2: "#f28c28", 3: "#e0b400", 4: "#3f80e0" };
const NUMERALS = { 1: "Ⅰ", 2: "Ⅱ", 3: "Ⅲ", 4: "Ⅳ" };
const RANK = { ok: 0, ill: 1, blue: 2, yellow: 3, orange: 4, red: 5 };
const SHAPES = { manhole: "circle", gas: "triangle", waterlogging: "drop", noise: "square" };
const NEAR_PX = 14;

// Web Mercator on the unit square.
function project([longitude, latitude]) {
  const sine = Math.sin((latitude * Math.PI) / 180);
  return [longitude / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

// What the cells of a town don't share is its outline.
function outlines(grids) {
  const towns = new Map();
  for (const grid of grids) {
    const town = towns.get(grid.town.zh) ?? { name: grid.town, edges: new Map(), points: [] };
    towns.set(grid.town.zh, town);
    for (const ring of grid.outline.coordinates) {
      for (let at = 1; at < ring.length; at++) {
        const key = [ring[at - 1].join(), ring[at].join()].sort().join(" ");
        if (town.edges.has(key)) town.edges.delete(key);
        else town.edges.set(key, [project(ring[at - 1]), project(ring[at])]);
        town.points.push(project(ring[at]));
      }
    }
  }
  return [...towns.values()].map(({ name, edges, points }) => ({
    name,
    edges: [...edges.values()],
    head: [points.reduce((sum, [x]) => sum + x, 0) / points.length, Math.min(...points.map(([, y]) => y))],
  }));
}

function shape(context, kind, x, y, size) {
  context.beginPath();
  if (kind === "triangle") {
    context.moveTo(x, y - size * 1.2);
    context.lineTo(x + size * 1.1, y + size * 0.8);
    context.lineTo(x - size * 1.1, y + size * 0.8);
    context.closePath();
  } else if (kind === "square") context.rect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8);
  else if (kind === "drop") {
    context.moveTo(x, y - size * 1.4);
    context.lineTo(x + size, y + size * 0.2);
    context.arc(x, y + size * 0.2, size, 0, Math.PI);
    context.closePath();
  } else context.arc(x, y, size, 0, 2 * Math.PI);
}

export default {
  template: `
    <div class="county-map">
      <canvas ref="canvas" tabindex="0" role="img" :aria-label="words.map" :title="words.how"
              @wheel.prevent="wheel" @pointerdown="down" @pointermove="move" @pointerup="up" @keydown="key"></canvas>
      <div class="map-buttons">
        <button type="button" class="plain" :aria-label="words.closer" @click="scale(1.5)">+</button>
        <button type="button" class="plain" :aria-label="words.farther" @click="scale(1 / 1.5)">−</button>
        <button type="button" class="plain" @click="fit">{{ words.whole }}</button>
      </div>
      <div class="legend">
        <b>{{ words.incidents }}</b>
        <span v-for="(count, grade) in grades" :key="grade"><span class="grade" :class="'grade-' + grade">{{ words.grades[grade] }}</span> {{ count }}</span>
        <b>{{ words.sensors }}</b>
        <label v-for="line in kinds" :key="line.kind"><input type="checkbox" v-model="line.on" @change="draw">
          <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path :d="paths[line.kind]" fill="currentColor"/></svg>
          {{ words.kinds[line.kind] || line.kind }} {{ line.count }}</label>
        <span><i class="dot ok"></i> {{ words.ok }}</span><span><i class="dot ill"></i> {{ words.ill }}</span>
        <label><input type="checkbox" v-model="squads" @change="draw"> <i class="dot crew"></i> {{ words.squads }}</label>
      </div>
      <div v-if="here.length" class="near" role="dialog" :aria-label="words.near">
        <b>{{ words.near }}</b> <button type="button" class="plain" @click="here = []">{{ words.close }}</button>
        <ul><li v-for="one in here" :key="one.id" :class="{exercise: one.exercise}">
          <span v-if="one.exercise" class="exercise-mark">【{{ words.exercise }}】</span>
          <span v-if="one.grade" class="grade" :class="'grade-' + one.grade">{{ words.grades[one.grade] }}</span>
          <a v-if="one.href" :href="one.href">{{ one.text }}</a><span v-else>{{ one.text }}</span> {{ one.state }}</li></ul>
      </div>
    </div>`,
  props: { words: Object, language: String, tiles: String },
  data() {
    return { kinds: [], grades: { 1: 0, 2: 0, 3: 0, 4: 0 }, squads: true, here: [],
      paths: { manhole: "M7 2a5 5 0 1 0 .01 0z", gas: "M7 1l6 11H1z", waterlogging: "M7 0l5 7a5 5 0 1 1-10 0z", noise: "M2 2h10v10H2z" } };
  },
  created() {
    const prefix = window.path_prefix || "/console";
    this.prefix = prefix;
    this.towns = [];
    this.cells = [];
    this.pictures = new Map();
    this.map = new Shared(prefix + "/live/map", (still) => this.mapChanged(still));
    this.board = new Shared(prefix + "/live/board", () => this.boardChanged());
  },
  mounted() {
    this.map.load();
    this.board.load();
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.$refs.canvas);
    this.theme = new MutationObserver(() => this.draw());
    this.theme.observe(document.body, { attributes: true, attributeFilter: ["class"] });
  },
  unmounted() {
    this.watcher.disconnect();
    this.theme.disconnect();
  },
  methods: {
    changeMap(change) {
      this.map.change(change);
    },
    changeBoard(change) {
      this.board.change(change);
    },
    mapChanged(still) {
      if (still?.grids) {
        this.towns = outlines(still.grids);
        this.cells = still.grids.map((grid) => grid.outline.coordinates.map((ring) => ring.map(project)));
      }
      const counts = {};
      this.points = [];
      for (const row of this.map.rows.values()) {
        if (row.kind !== "squad") counts[row.kind] = (counts[row.kind] ?? 0) + 1;
        this.points.push({ row, at: project(row.at) });
      }
      // The gravest are drawn last, so that nothing lies over them.
      this.points.sort((a, b) => (RANK[a.row.state] ?? 9) - (RANK[b.row.state] ?? 9));
      const on = Object.fromEntries(this.kinds.map((line) => [line.kind, line.on]));
      this.kinds = Object.keys(counts).sort().map((kind) => ({ kind, count: counts[kind], on: on[kind] ?? true }));
      if (still) this.fit();
      else this.draw();
    },
    boardChanged() {
      const grades = { 1: 0, 2: 0, 3: 0, 4: 0 };
      this.cases = [];
      for (const row of this.board.rows.values()) {
        if (!row.exercise_id) grades[row.grade]++;
        if (row.position) this.cases.push({ row, at: project([row.position.longitude, row.position.latitude]) });
      }
      this.cases.sort((a, b) => b.row.grade - a.row.grade);
      this.grades = grades;
      this.draw();
    },
    larger() {
      const canvas = this.$refs.canvas; // how much larger a wall shows the page
      return canvas.getBoundingClientRect().width / canvas.clientWidth || 1;
    },
    dots() {
      return (window.devicePixelRatio || 1) * this.larger();
    },
    place(event) {
      const corner = this.$refs.canvas.getBoundingClientRect();
      return [(event.clientX - corner.left) / this.larger(), (event.clientY - corner.top) / this.larger()];
    },
    resize() {
      const canvas = this.$refs.canvas;
      const ratio = this.dots();
      canvas.width = canvas.clientWidth * ratio;
      canvas.height = canvas.clientHeight * ratio;
      if (this.view) this.draw();
      else this.fit();
    },
    fit() {
      const places = this.cells.flat(2).concat((this.points ?? []).map((point) => point.at));
      const canvas = this.$refs.canvas;
      if (!places.length || !canvas?.clientWidth) return;
      const low = [0, 1].map((axis) => places.reduce((least, place) => Math.min(least, place[axis]), 1));
      const high = [0, 1].map((axis) => places.reduce((most, place) => Math.max(most, place[axis]), 0));
      const wide = Math.max(high[0] - low[0], 1e-5);
      const tall = Math.max(high[1] - low[1], 1e-5);
      const zoom = Math.min((canvas.clientWidth * 0.94) / wide, (canvas.clientHeight * 0.94) / tall);
      this.view = { middle: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2], zoom };
      this.draw();
    },
    screen([x, y]) {
      const { middle, zoom } = this.view;
      const canvas = this.$refs.canvas;
      return [(x - middle[0]) * zoom + canvas.clientWidth / 2, (y - middle[1]) * zoom + canvas.clientHeight / 2];
    },
    draw() {
      if (this.asked || !this.view) return;
      this.asked = requestAnimationFrame(() => {
        this.asked = null;
        this.paint();
      });
    },
    paint() {
      const canvas = this.$refs.canvas;
      if (!canvas) return;
      const style = getComputedStyle(document.body);
      const colour = (name) => style.getPropertyValue(name).trim();
      const context = canvas.getContext("2d");
      const ratio = this.dots();
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
      if (this.tiles) this.paintTiles(context);
      const trace = (ring) => ring.forEach((point, at) => context[at ? "lineTo" : "moveTo"](...this.screen(point)));
      context.lineWidth = 0.7;
      context.strokeStyle = colour("--quiet");
      context.globalAlpha = 0.55;
      context.beginPath();
      this.cells.flat().forEach(trace);
      context.stroke();
      context.globalAlpha = 1;
      context.lineWidth = 2.2;
      context.strokeStyle = colour("--accent");
      context.beginPath();
      for (const town of this.towns) for (const edge of town.edges) trace(edge);
      context.stroke();
      const on = new Set(this.kinds.filter((line) => line.on).map((line) => line.kind));
      const least = (this.points?.length ?? 0) > 3000 ? 1.6 : 2.8;
      const size = Math.min(6, Math.max(least, Math.log2(this.view.zoom) - 15));
      const quiet = colour("--good");
      const inside = ([x, y]) => x > -20 && y > -20 && x < canvas.clientWidth + 20 && y < canvas.clientHeight + 20;
      for (const { row, at } of this.points ?? []) {
        if (row.kind === "squad" || !on.has(row.kind)) continue;
        const place = this.screen(at);
        if (!inside(place)) continue;
        context.fillStyle = COLOURS[row.state] ?? quiet;
        context.globalAlpha = row.state === "ok" ? 0.6 : 1;
        shape(context, SHAPES[row.kind] ?? "circle", ...place, row.state === "ok" ? size : size * 1.4);
        context.fill();
      }
      context.globalAlpha = 1;
      context.textAlign = "center";
      context.font = `600 13px ${style.fontFamily}`;
      context.lineWidth = 3;
      context.strokeStyle = colour("--ground");
      for (const town of this.towns) {
        const text = town.name[this.language] || town.name.zh;
        context.fillStyle = colour("--text");
        const [x, y] = this.screen(town.head); // above, where it hides nothing of the town
        context.strokeText(text, x, y - 6);
        context.fillText(text, x, y - 6);
      }
      if (this.squads) for (const { row, at } of this.points ?? []) if (row.kind === "squad") this.paintSquad(context, row, this.screen(at), colour);
      for (const { row, at } of this.cases ?? []) this.paintCase(context, row, this.screen(at));
    },
    paintSquad(context, row, [x, y], colour) {
      context.beginPath();
      context.rect(x - 7, y - 7, 14, 14);
      context.fillStyle = row.state === "available" ? colour("--accent") : colour("--quiet");
      context.fill();
      context.lineWidth = row.exercise ? 2 : 1.5;
      context.strokeStyle = row.exercise ? "#000" : "#fff";
      context.setLineDash(row.exercise ? [3, 3] : []);
      context.stroke();
      context.setLineDash([]);
      context.fillStyle = colour("--accent-text");
      context.font = "bold 11px sans-serif";
      context.fillText(this.words.mark, x, y + 4);
      if (row.exercise) this.paintMark(context, x, y + 9);
    },
    paintMark(context, x, top) {
      context.font = "bold 12px sans-serif";
      context.fillStyle = "#ffd84d";
      context.fillRect(x - 34, top, 68, 16);
      context.fillStyle = "#1a1200";
      context.fillText(`【${this.words.exercise}】`, x, top + 12);
    },
    paintCase(context, row, [x, y]) {
      context.beginPath();
      context.arc(x, y, 10, 0, 2 * Math.PI);
      context.fillStyle = GRADES[row.grade];
      context.fill();
      context.lineWidth = 2;
      context.strokeStyle = row.exercise_id ? "#000" : "#fff";
      context.setLineDash(row.exercise_id ? [3, 3] : []);
      context.stroke();
      context.setLineDash([]);
      context.fillStyle = row.grade === 2 || row.grade === 3 ? "#1a1200" : "#fff";
      context.font = "bold 12px sans-serif";
      context.fillText(NUMERALS[row.grade], x, y + 4);
      if (row.exercise_id) this.paintMark(context, x, y + 12);
    },
    paintTiles(context) {
      const level = Math.max(0, Math.min(19, Math.round(Math.log2(this.view.zoom / 256))));
      const count = 2 ** level;
      const canvas = this.$refs.canvas;
      const { middle, zoom } = this.view;
      const from = [middle[0] - canvas.clientWidth / 2 / zoom, middle[1] - canvas.clientHeight / 2 / zoom];
      const to = [middle[0] + canvas.clientWidth / 2 / zoom, middle[1] + canvas.clientHeight / 2 / zoom];
      for (let x = Math.floor(from[0] * count); x <= Math.floor(to[0] * count); x++) {
        for (let y = Math.floor(from[1] * count); y <= Math.floor(to[1] * count); y++) {
          if (x < 0 || y < 0 || x >= count || y >= count) continue;
          const picture = this.picture(level, x, y);
          if (!picture.complete || !picture.naturalWidth) continue;
          const [left, top] = this.screen([x / count, y / count]);
          context.drawImage(picture, left, top, zoom / count + 0.5, zoom / count + 0.5);
        }
      }
    },
    picture(z, x, y) {
      const address = this.tiles.replace("{z}", z).replace("{x}", x).replace("{y}", y);
      if (!this.pictures.has(address)) {
        if (this.pictures.size > 400) this.pictures.delete(this.pictures.keys().next().value);
        const picture = new Image();
        picture.onload = () => this.draw();
        picture.src = address;
        this.pictures.set(address, picture);
      }
      return this.pictures.get(address);
    },
    scale(by, at) {
      if (!this.view) return;
      const canvas = this.$refs.canvas;
      const from = at ?? [canvas.clientWidth / 2, canvas.clientHeight / 2];
      const off = [from[0] - canvas.clientWidth / 2, from[1] - canvas.clientHeight / 2];
      const zoom = Math.min(2 ** 27, Math.max(2 ** 12, this.view.zoom * by));
      const middle = this.view.middle.map((value, axis) => value + off[axis] / this.view.zoom - off[axis] / zoom);
      this.view = { middle, zoom };
      this.draw();
    },
    shift(x, y) {
      this.view.middle = [this.view.middle[0] - x / this.view.zoom, this.view.middle[1] - y / this.view.zoom];
      this.draw();
    },
    wheel(event) {
      this.scale(event.deltaY < 0 ? 1.25 : 0.8, this.place(event));
    },
    down(event) {
      this.drag = { at: this.place(event), moved: 0 };
      event.target.setPointerCapture(event.pointerId);
    },
    move(event) {
      if (!this.drag || !this.view) return;
      const at = this.place(event);
      const [x, y] = [at[0] - this.drag.at[0], at[1] - this.drag.at[1]];
      this.drag = { at, moved: this.drag.moved + Math.abs(x) + Math.abs(y) };
      this.shift(x, y);
    },
    up(event) {
      if (this.drag && this.drag.moved < 4) this.look(this.place(event));
      this.drag = null;
    },
    key(event) {
      const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
      if (step && this.view) this.shift(...step);
      else if (event.key === "+") this.scale(1.5);
      else if (event.key === "-") this.scale(1 / 1.5);
      else if (event.key === "0") this.fit();
      else if (event.key === "Escape") this.here = [];
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    look(place) {
      const near = ({ at }) => Math.hypot(...this.screen(at).map((value, axis) => value - place[axis])) < NEAR_PX;
      const say = (both) => both[this.language] || both.zh;
      const cases = (this.cases ?? []).filter(near).map(({ row }) => ({
        id: `incident ${row.id}`, grade: row.grade, exercise: row.exercise_id !== 0, text: titled(row.title, this.language), href: `${this.prefix}/incidents/${row.id}`,
      }));
      const points = (this.points ?? []).filter(near).reverse().map(({ row }) => {
        const code = row.id.slice(row.id.indexOf(" ") + 1);
        if (row.kind === "squad") return { id: row.id, exercise: row.exercise, text: say(row.name), state: this.words.standings[row.state] };
        const grade = { red: 1, orange: 2, yellow: 3, blue: 4 }[row.state];
        return { id: row.id, grade, text: `${code} ${this.words.kinds[row.kind] || row.kind}`, state: grade ? "" : this.words[row.state] };
      });
      this.here = cases.concat(points).slice(0, 12);
    },
  },
};
