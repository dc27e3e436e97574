// One incident: what, where, why, who is sent, what happened, and what an officer may do about it.

import { SOON_MS, span, titled } from "shared";
import { ValueChart } from "value_chart";

const TIME = { timeZone: "Asia/Shanghai", hour12: false, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };

export default {
  components: { ValueChart },
  template: `
    <div v-if="data" class="incident" :class="{drill: incident.exercise_id}">
      <div v-if="incident.exercise_id" class="drill-band">【{{ words.exercise }}】 {{ words.drill }}</div>
      <div class="incident-head">
        <span class="grade" :class="'grade-' + incident.grade">{{ words.grades[incident.grade] }}</span>
        <h2><span v-if="incident.exercise_id" class="exercise-mark">【{{ words.exercise }}】</span> {{ titled(incident.title, language) }}</h2>
        <span class="quiet">#{{ incident.incident_id }} · {{ words.kinds[incident.kind] || incident.kind }} · {{ words.stages[incident.stage] }} · {{ clock(incident.opened_at) }}<template v-if="data.grid"> · {{ say(data.grid) }}</template></span>
      </div>
      <ol class="stages" :aria-label="words.stage"><li v-for="stage in order" :key="stage" :class="{past: past(stage)}" :aria-current="stage === incident.stage ? 'step' : null">{{ words.stages[stage] }}</li></ol>
      <div class="incident-acts">
        <button v-for="act in acts" :key="act.name" type="button" class="act" :class="{main: act.main}" :data-key="act.key || null" @click="begin(act)">{{ act.title }}<kbd v-if="act.key">{{ act.key }}</kbd></button>
      </div>
      <div class="columns">
        <div>
          <section :aria-label="words.why"><h2>{{ words.why }}</h2>
            <p v-for="told in data.reports" :key="told.report_id" class="told"><b>{{ told.source }}</b> {{ told.reference }} {{ clock(told.reported_at) }}
              <b>{{ told.place }}</b> {{ told.text }} <span class="quiet">{{ told.actor }}</span></p>
            <div v-for="found in data.hazards" :key="found.hazard_id" class="finding">
              <p><span class="grade" :class="'grade-' + found.grade">{{ words.grades[found.grade] }}</span> <b>{{ say(found.reason) }}</b>
                <span v-if="found.cleared_at" class="good">{{ words.cleared }} {{ clock(found.cleared_at) }}</span>
                <span v-else-if="found.acknowledged_at" class="good">✓ {{ words.acknowledged }} {{ found.acknowledged_by }}</span>
                <span v-else class="fault">{{ words.unacknowledged }}</span></p>
              <template v-if="found.grounds">
                <p class="quiet">{{ words.rule }}: {{ say(found.grounds.rule.title) }} · {{ words.revision }} {{ found.grounds.rule.revision }} · {{ found.grounds.rule.source }}
                  <span v-if="found.grounds.rule.approved_by">· {{ words.approved }} {{ found.grounds.rule.approved_by }}</span></p>
                <p v-if="found.trust && found.trust.doubts.length" class="quiet">{{ words.trust }}: <span v-for="doubt in found.trust.doubts" :key="doubt.en">{{ say(doubt) }} </span></p>
                <p v-if="numbers(found.grounds).length" class="quiet">{{ say(found.grounds.measured.title) }} {{ found.grounds.measured.unit }}</p>
                <value-chart v-if="numbers(found.grounds).length" :values="numbers(found.grounds)" :limits="found.grounds.limits" :names="words.colours"
                             :unit="found.grounds.measured.unit || ''" :title="say(found.grounds.measured.title) + ', ' + words.chart"></value-chart>
                <p v-if="Object.keys(found.grounds.words).length" class="quiet">{{ say(found.grounds.measured.title) }}
                  <span v-for="(colour, word) in found.grounds.words" :key="word"> · {{ words.states[word] || word }} = {{ words.colours[colour] }}</span></p>
                <p>{{ words.sensor }}: <b>{{ found.grounds.sensor.code }}</b> {{ say(found.grounds.sensor.name) }}
                  <span v-if="found.grounds.sensor.position"> · {{ found.grounds.sensor.position.longitude.toFixed(5) }}, {{ found.grounds.sensor.position.latitude.toFixed(5) }}</span>
                  <br>{{ found.grounds.sensor.owner_unit }} {{ found.grounds.sensor.responsible_person }} {{ found.grounds.sensor.responsible_phone }}
                  <a v-if="found.grounds.sensor.camera_url" :href="found.grounds.sensor.camera_url">{{ words.camera }}</a>
                  <span v-else-if="found.grounds.sensor.camera_id">{{ words.camera }} {{ found.grounds.sensor.camera_id }}</span></p>
                <p v-if="found.grounds.near.length">{{ words.near }}: <span v-for="near in found.grounds.near" :key="near.code" class="near-by">
                  <span v-if="near.grade" class="grade" :class="'grade-' + near.grade">{{ words.grades[near.grade] }}</span>
                  {{ near.code }} {{ near.distance_m }} m: {{ words.states[near.value] || (near.value ?? "–") }}</span></p>
              </template>
            </div>
            <p v-if="!data.hazards.length" class="quiet">{{ words.reported }}</p>
          </section>
        </div>
        <div>
          <section :aria-label="words.tasks"><h2>{{ words.tasks }}</h2>
            <div v-for="task in incident.tasks" :key="task.task_id" class="task" :data-task="task.task_id">
              <p><b>{{ name(task) }}</b> <span class="status">{{ words.status[task.status] || task.status }}</span>
                <span class="quiet">{{ say(data.roles[task.role]) }} {{ clock(task.updated_at) }}</span>
                <span v-if="task.clock_at" :class="left(task.clock_at).tone"> {{ words.clock }} {{ left(task.clock_at).text }}</span></p>
              <p class="quiet" v-if="task.decision.reason">{{ words.because }}: {{ say(task.decision.reason) }}</p>
              <details v-if="(task.decision.passed_over || []).length"><summary>{{ words.passed }} ({{ task.decision.passed_over.length }})</summary>
                <ul><li v-for="other in task.decision.passed_over" :key="other.squad_id">{{ squad(other.squad_id) }}: {{ say(other) }}</li></ul></details>
              <div v-if="live(task)" class="task-acts">
                <button v-for="step in steps(task)" :key="step" type="button" class="plain" @click="$emit('act', 'task', {task_id: task.task_id, action: step})">{{ words.steps[step] }}</button>
                <button v-if="can.reassign" type="button" class="plain" @click="begin({name: 'reassign', task, title: words.other})">{{ words.other }}</button>
              </div>
            </div>
            <p v-if="!incident.tasks.length" class="quiet">{{ words.nobody }}</p>
          </section>
          <section :aria-label="words.timeline"><h2>{{ words.timeline }}</h2>
            <ol class="timeline"><li v-for="(event, place) in data.timeline" :key="place"><time>{{ clock(event.at) }}</time>
              <b>{{ words.events[event.event] || event.event }}</b> <span class="quiet">{{ event.actor }}</span> {{ say(event.text) }}</li></ol>
          </section>
        </div>
      </div>
      <dialog ref="ask" class="ask" :aria-label="asked.title"><form @submit.prevent="finish">
        <h2>{{ asked.title }}</h2>
        <template v-if="asked.task">
          <p>{{ words.instead }} <b>{{ name(asked.task) }}</b> <span class="quiet">{{ say(data.roles[asked.task.role]) }}</span></p>
          <p v-if="!data.candidates" class="quiet">…</p>
          <label v-for="one in data.candidates || []" :key="one.squad_id" class="candidate" :class="{best: one.why === 'best'}">
            <input type="radio" name="squad" :value="one.squad_id" v-model="given.squad_id" :disabled="!one.may_be_sent" required>
            <b>{{ say(one.name) }}</b> <span v-if="one.ordered">({{ words.ordered }})</span>
            <span v-if="one.arrival_s !== null">{{ Math.round(one.arrival_s / 60) }} min, {{ (one.distance_m / 1000).toFixed(1) }} km</span>
            <span class="quiet">{{ say(one.reason) }}</span></label>
        </template>
        <label v-if="asked.name === 'merge'">{{ words.into }} <input type="number" min="1" v-model.number="given.into" required autofocus></label>
        <label v-if="asked.reason !== 'none'">{{ words.reason }}
          <textarea v-model="given.reason" rows="3" maxlength="500" :required="asked.reason !== 'may'" autofocus></textarea></label>
        <p><button class="act main" type="submit">{{ asked.title }}</button> <button type="button" class="act" @click="$refs.ask.close()">{{ words.cancel }}</button></p>
      </form></dialog>
    </div>`,
  props: { start: Object, words: Object, language: String, can: Object },
  emits: ["act", "candidates"],
  data() {
    return { data: this.start, now: Date.now(), asked: { title: "", name: "", reason: "none" }, given: {},
      order: ["reported", "filed", "dispatched", "handling", "fed_back", "verified", "closed"] };
  },
  computed: {
    incident() {
      return this.data.incident;
    },
    acts() {
      const stage = this.incident.stage;
      const live = this.incident.tasks.filter((task) => this.live(task));
      const open = live.find((task) => task.lead) ?? live[0];
      const fresh = this.data.hazards.some((found) => !found.cleared_at && !found.acknowledged_at);
      const list = [];
      const add = (name, on, more = {}) => on && list.push({ name, title: this.words.acts[name], reason: "none", ...more });
      add("acknowledge", this.can.say && fresh, { key: "a", main: true });
      add("file", this.can.act && stage === "reported", { key: "d", main: true });
      add("reassign", this.can.reassign && open && stage !== "reported", { key: "d", reason: "must", task: open });
      add("comment", this.can.say, { key: "c", reason: "must" });
      add("return", this.can.decide && ["dispatched", "handling", "fed_back"].includes(stage), { reason: "must" });
      add("feed_back", this.can.act && ["dispatched", "handling"].includes(stage), { reason: "may" });
      add("verify", this.can.act && stage === "fed_back", { main: true });
      add("override", this.can.decide && stage === "fed_back", { reason: "must" });
      add("close", this.can.act && stage === "verified", { main: true });
      add("merge", this.can.merge && ["reported", "filed"].includes(stage), { reason: "may" });
      add("dismiss", this.can.decide && ["reported", "filed"].includes(stage), { reason: "must" });
      add("warn", this.can.warn && stage !== "closed");
      return list;
    },
  },
  mounted() {
    this.timer = setInterval(() => (this.now = Date.now()), 1000);
    const wanted = { "#dispatch": "d", "#comment": "c" }[location.hash];
    const act = wanted && this.acts.find((each) => each.key === wanted);
    if (act && act.reason !== "none") this.begin(act);
  },
  unmounted() {
    clearInterval(this.timer);
  },
  methods: {
    show(data) {
      this.data = { ...data, candidates: this.data.candidates };
    },
    rank(candidates) {
      this.data.candidates = candidates;
      const best = candidates.find((one) => one.may_be_sent);
      this.given.squad_id ??= best?.squad_id;
    },
    titled,
    say(both) {
      return both ? both[this.language] || both.zh || both.en : "";
    },
    clock: (at) => new Date(at).toLocaleString("zh-CN", TIME).replaceAll("/", "-"),
    past(stage) {
      return this.order.indexOf(stage) < this.order.indexOf(this.incident.stage);
    },
    numbers: (grounds) => grounds.values.filter((each) => typeof each.value === "number"),
    squad(number) {
      return this.data.squads[number] || number;
    },
    name(task) {
      return task.squad_id ? this.squad(task.squad_id) : this.words.unassigned;
    },
    live: (task) => !["done", "checked", "failed", "refused", "cancelled"].includes(task.status),
    steps(task) {
      if (!this.can.tell || task.status === "unassigned") return [];
      const next = { ordered: ["accept", "refuse"], accepted: ["en_route"], en_route: ["on_scene"], on_scene: ["done"], working: ["done"] };
      return [...(next[task.status] ?? []), ...(this.can.act ? ["cancel"] : [])];
    },
    left(at) {
      const left = Date.parse(at) - this.now;
      if (left < 0) return { text: `${this.words.overdue} ${span(-left)}`, tone: "fault" };
      return { text: span(left), tone: left < SOON_MS ? "soon" : "quiet" };
    },
    begin(act) {
      if (act.reason === "none") return this.$emit("act", act.name, {});
      this.asked = { reason: "must", ...act };
      this.given = { reason: "" };
      if (act.name === "reassign") {
        this.data.candidates = null;
        this.$emit("candidates", act.task.task_id);
      }
      this.$refs.ask.showModal();
    },
    finish() {
      this.$refs.ask.close();
      this.$emit("act", this.asked.name, { ...this.given, task_id: this.asked.task?.task_id });
    },
  },
};
