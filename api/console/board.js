// Open incidents as rows. Ages and clocks tick here; the server sends what changed.

import { Shared, SOON_MS, span, titled } from "shared";

const MOST = 500;

export default {
  template: `
    <div class="board">
      <div class="tiles" role="group" :aria-label="words.grade">
        <button v-for="tile in tiles" :key="tile.grade" type="button" class="tile" :class="'grade-' + tile.grade"
                :aria-pressed="grade === tile.grade" @click="grade = grade === tile.grade ? 0 : tile.grade">
          <b>{{ tile.count }}</b> {{ words.grades[tile.grade] }}
          <small>{{ tile.unacknowledged ? tile.unacknowledged + " " + words.unacknowledged : "\u00a0" }}</small>
        </button>
      </div>
      <div class="listing"><table :aria-label="words.label">
        <thead><tr>
          <th scope="col">{{ words.grade }}</th><th scope="col">{{ words.incident }}</th><th scope="col">{{ words.place }}</th>
          <th scope="col">{{ words.age }}</th><th scope="col">{{ words.stage }}</th><th scope="col">{{ words.clock }}</th>
          <th scope="col">{{ words.squads }}</th><th scope="col"></th>
        </tr></thead>
        <tbody>
          <tr v-for="row in shown" :key="row.id" v-memo="[row, now, may]" data-row tabindex="0" :data-id="row.id"
              :class="{exercise: row.exercise_id, fresh: row.unacknowledged}" @keydown.enter.self="open(row)">
            <td><span class="grade" :class="'grade-' + row.grade">{{ words.grades[row.grade] }}</span></td>
            <td><span v-if="row.exercise_id" class="exercise-mark">【{{ words.exercise }}】</span>
              <a :href="address(row)">{{ title(row) }}</a> <small class="quiet">#{{ row.id }} {{ words.kinds[row.kind] || row.kind }}</small></td>
            <td>{{ row.grid ? say(row.grid) : "" }}</td>
            <td class="number">{{ age(row) }}</td>
            <td>{{ words.stages[row.stage] }}</td>
            <td class="number" :class="clock(row).tone">{{ clock(row).text }} <small class="quiet">{{ clock(row).what }}</small></td>
            <td><span v-for="task in row.tasks" :key="task.task_id" class="sent">{{ task.name ? say(task.name) : "" }}
              <b>{{ words.status[task.status] || task.status }}</b></span></td>
            <td class="acts">
              <button v-if="may && row.unacknowledged" type="button" class="plain" data-key="a"
                      @click="$emit('acknowledge', row.id, row.exercise_id !== 0)">{{ words.acknowledge }}</button>
              <span v-else-if="!row.unacknowledged" class="good">✓ {{ words.acknowledged }}</span>
              <a hidden data-key="d" :href="address(row) + '#dispatch'">{{ words.dispatch }}</a>
              <a hidden data-key="c" :href="address(row) + '#comment'">{{ words.comment }}</a>
            </td>
          </tr>
          <tr v-if="loaded && !shown.length"><td colspan="8" class="empty">{{ words.none }}</td></tr>
        </tbody>
      </table></div>
      <p v-if="left > 0" class="quiet">{{ words.more.replace("{count}", left) }}</p>
    </div>`,
  props: { words: Object, language: String, may: Boolean },
  emits: ["acknowledge"],
  data() {
    return { rows: [], grade: 0, now: Date.now(), loaded: false };
  },
  computed: {
    chosen() {
      return this.grade ? this.rows.filter((row) => row.grade === this.grade) : this.rows;
    },
    shown() {
      return this.chosen.slice(0, MOST);
    },
    left() {
      return this.chosen.length - MOST;
    },
    tiles() {
      return [1, 2, 3, 4].map((grade) => {
        const of = this.rows.filter((row) => row.grade === grade && !row.exercise_id);
        return { grade, count: of.length, unacknowledged: of.filter((row) => row.unacknowledged).length };
      });
    },
  },
  created() {
    this.shared = new Shared((window.path_prefix || "/console") + "/live/board", () => this.sorted());
  },
  mounted() {
    this.shared.load();
    this.timer = setInterval(() => (this.now = Date.now()), 1000);
  },
  unmounted() {
    clearInterval(this.timer);
  },
  methods: {
    change(change) {
      this.shared.change(change);
    },
    sorted() {
      const order = (a, b) =>
        !!a.exercise_id - !!b.exercise_id || a.grade - b.grade || (a.opened_at < b.opened_at ? 1 : a.opened_at > b.opened_at ? -1 : b.id - a.id);
      this.rows = Object.freeze([...this.shared.rows.values()].sort(order));
      this.loaded = true;
    },
    say(both) {
      return both[this.language] || both.zh || both.en;
    },
    title(row) {
      return titled(row.title, this.language);
    },
    address: (row) => `${window.path_prefix || "/console"}/incidents/${row.id}`,
    open(row) {
      location.assign(this.address(row));
    },
    age(row) {
      return span(this.now - Date.parse(row.opened_at));
    },
    clock(row) {
      const steps = row.tasks.filter((task) => task.clock_at).map((task) => [Date.parse(task.clock_at), this.words.step]);
      if (row.due_at) steps.push([Date.parse(row.due_at), this.words.due]);
      if (!steps.length) return { text: "", what: "", tone: "" };
      const [at, what] = steps.reduce((first, next) => (next[0] < first[0] ? next : first));
      const left = at - this.now;
      if (left < 0) return { text: `${this.words.overdue} ${span(-left)}`, what, tone: "fault" };
      return { text: span(left), what, tone: left < SOON_MS ? "soon" : "" };
    },
  },
};
