// Values against limits as lines. Each limit has its word beside it, so that colour isn't needed to tell them apart.

const WIDTH = 560;
const HEIGHT = 190;
const LEFT = 44;
const RIGHT = 84;
const COLOURS = { red: "var(--red)", orange: "var(--orange)", yellow: "#b58a00", blue: "var(--blue)" };

export const ValueChart = {
  template: `
    <svg class="value-chart" :viewBox="'0 0 ${WIDTH} ${HEIGHT}'" role="img" :aria-label="title">
      <g v-for="tick in ticks" :key="tick.text"><line :x1="${LEFT}" :x2="${WIDTH - RIGHT}" :y1="tick.y" :y2="tick.y" class="tick"/>
        <text :x="${LEFT - 6}" :y="tick.y + 4" text-anchor="end">{{ tick.text }}</text></g>
      <g v-for="limit in lines" :key="limit.colour"><line :x1="${LEFT}" :x2="${WIDTH - RIGHT}" :y1="limit.y" :y2="limit.y" :stroke="limit.stroke" stroke-width="2" stroke-dasharray="6 4"/>
        <text :x="${WIDTH - RIGHT + 5}" :y="limit.y + 4">{{ limit.text }}</text></g>
      <polyline :points="path" class="values"/>
      <circle v-for="point in points" :key="point.key" :cx="point.x" :cy="point.y" r="2.4" class="value"><title>{{ point.text }}</title></circle>
      <text v-for="time in times" :key="time.x" :x="time.x" :y="${HEIGHT - 6}" :text-anchor="time.anchor">{{ time.text }}</text>
    </svg>`,
  props: { values: Array, limits: Object, names: Object, unit: String, title: String },
  computed: {
    span() {
      const times = this.values.map((each) => Date.parse(each.time));
      const levels = this.values.map((each) => each.value).concat(Object.values(this.limits));
      const [low, high] = [Math.min(0, ...levels), Math.max(...levels)];
      return { from: times[0], to: Math.max(times.at(-1), times[0] + 60000), low, high: high > low ? high * 1.06 : low + 1 };
    },
    points() {
      return this.values.map((each) => ({
        key: each.time, x: this.x(Date.parse(each.time)), y: this.y(each.value), text: `${this.clock(each.time)}  ${each.value} ${this.unit}`,
      }));
    },
    path() {
      return this.points.map((point) => `${point.x},${point.y}`).join(" ");
    },
    lines() {
      return Object.entries(this.limits).map(([colour, level]) => ({
        colour, y: this.y(level), stroke: COLOURS[colour], text: `${this.names[colour]} ${level}`,
      }));
    },
    ticks() {
      const { low, high } = this.span;
      return [0, 0.5, 1].map((part) => ({ y: this.y(low + (high - low) * part), text: Number((low + (high - low) * part).toPrecision(3)) }));
    },
    times() {
      const { from, to } = this.span;
      return [[from, "start"], [to, "end"]].map(([at, anchor]) => ({ x: this.x(at), anchor, text: this.clock(at) }));
    },
  },
  methods: {
    x(at) {
      return LEFT + ((at - this.span.from) / (this.span.to - this.span.from)) * (WIDTH - LEFT - RIGHT);
    },
    y(level) {
      return HEIGHT - 24 - ((level - this.span.low) / (this.span.high - this.span.low)) * (HEIGHT - 34);
    },
    clock: (at) => new Date(at).toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour12: false }),
  },
};
