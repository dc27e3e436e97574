// A table of rows. Rows come as data; what stands in them is text, never markup.

import { pressable } from "shared";

const TIME = { timeZone: "Asia/Shanghai", hour12: false, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };

export default {
  template: `
    <div class="listing">
      <table :aria-label="label">
        <thead><tr>
          <th v-for="column in columns" :key="column.key" scope="col" :class="column.sort">{{ column.title }}</th>
          <th v-if="acts.length" scope="col">{{ texts.acts }}</th>
        </tr></thead>
        <tbody>
          <tr v-for="row in rows" :key="row.id" data-row tabindex="0" :data-id="row.id" :class="{exercise: row.exercise}"
              @keydown.enter.self="open($event)">
            <td v-for="(column, place) in columns" :key="column.key" :class="column.sort">
              <span v-if="place === 0 && row.exercise" class="exercise-mark">【{{ texts.exercise }}】</span>
              <span v-if="column.sort === 'grade' && row[column.key]" class="grade" :class="'grade-' + row[column.key]">{{ texts.grades[row[column.key]] }}</span>
              <a v-else-if="column.sort === 'link' && row[column.key]" :href="row[column.key][1]" :class="{short: row[column.key][0].length <= 16}">{{ row[column.key][0] }}</a>
              <time v-else-if="column.sort === 'time' && row[column.key]" :datetime="row[column.key]">{{ clock(row[column.key]) }}</time>
              <template v-else>{{ row[column.key] }}</template>
            </td>
            <td v-if="acts.length" class="acts">
              <button v-for="act in acts" v-show="!(row.without || []).includes(act.name)" :key="act.name" type="button" class="plain"
                      :data-key="act.key || null" @click="$emit('act', act.name, row.id)">{{ act.title }}</button>
            </td>
          </tr>
          <tr v-if="rows?.length === 0"><td :colspan="columns.length + 1" class="empty">{{ texts.empty }}</td></tr>
        </tbody>
      </table>
    </div>`,
  props: { columns: Array, start: Array, label: String, acts: Array, texts: Object },
  emits: ["act"],
  data() {
    return { rows: this.start };
  },
  methods: {
    clock: (at) => new Date(at).toLocaleString("zh-CN", TIME).replaceAll("/", "-"),
    open(event) {
      const row = event.currentTarget;
      (pressable("Enter", row.querySelectorAll("[data-key]")) ?? row.querySelector("a"))?.click();
    },
    show(rows) {
      this.rows = rows;
    },
  },
};
