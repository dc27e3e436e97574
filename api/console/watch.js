// Connection, alarms and their sound, keys, clock, wall board. Texts come from the server in the person's language.

import { pressable, titled } from "shared";

const SILENT_FOR_MS = 5500; // the server says something every two seconds
const TONE_EVERY_MS = 2500;
const PAGE_FOR_MS = 20000;
const NUMERALS = { 1: "Ⅰ", 2: "Ⅱ" };

let sound; // one for the page, made at the first click: browsers allow no earlier one

function typing(target) {
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function tone(context, grade) {
  // Two rising notes for orange, four alternating ones for red: told apart with the eyes closed.
  const notes = grade === 1 ? [988, 740, 988, 740] : [660, 880];
  notes.forEach((frequency, index) => {
    const start = context.currentTime + index * 0.22;
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    oscillator.type = grade === 1 ? "square" : "sine";
    oscillator.frequency.value = frequency;
    gain.gain.setValueAtTime(0.0001, start);
    gain.gain.exponentialRampToValueAtTime(0.2, start + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, start + 0.2);
    oscillator.connect(gain).connect(context.destination);
    oscillator.start(start);
    oscillator.stop(start + 0.21);
  });
}

export default {
  template: `
    <div class="watch">
      <template v-if="!framed">
        <div v-if="lost" class="strip lost" role="alert">{{ texts.lost }}</div>
        <div v-if="alarms.length" class="strip alarm" :class="'grade-' + alarms[0].grade" role="alert">
          <span class="alarm-list">
            <a v-for="alarm in alarms.slice(0, 2)" :key="alarm.incident_id" class="alarm-item"
               :class="{exercise: alarm.exercise}" :href="address(alarm)" @click="follow($event, alarm)">
              <b>{{ numeral(alarm) }} {{ texts.grades[alarm.grade] }}</b>
              <span v-if="alarm.exercise" class="exercise-mark">【{{ texts.exercise }}】</span>
              {{ titled(alarm.title, language) }} · {{ clock(alarm.since) }} · {{ texts.unacknowledged }}
            </a>
            <span v-if="alarms.length > 2">{{ texts.more.replace("{count}", alarms.length - 2) }}</span>
          </span>
          <button v-if="!muted && silenced" type="button" class="strip-button" @click="allow">{{ texts.allow }}</button>
          <button type="button" class="strip-button" :aria-pressed="muted" @click="mute">
            {{ muted ? texts.unmute : texts.mute }}
          </button>
        </div>
        <button v-if="wall" type="button" class="leave-wall" @click="leaveWall">{{ texts.leave_wall }}</button>
        <iframe v-if="turned" ref="frame" :src="turned" :title="texts.wall" @load="listen"></iframe>
        <dialog ref="help" class="keys" :aria-label="texts.keys">
          <h2>{{ texts.keys }}</h2>
          <dl><template v-for="line in texts.help" :key="line[0]"><dt><kbd>{{ line[0] }}</kbd></dt><dd>{{ line[1] }}</dd></template></dl>
          <form method="dialog"><button class="plain">{{ texts.close }}</button></form>
        </dialog>
      </template>
    </div>`,
  props: { texts: Object, language: String, start: Array, rotation: Array },
  data() {
    return {
      alarms: this.start,
      lost: false,
      muted: localStorage.lifeline_muted === "yes",
      silenced: true,
      wall: sessionStorage.lifeline_wall === "yes",
      framed: window !== window.parent, // in the wall board's frame: strips, sound and turning are the outer page's
      turned: "", // what the wall's frame shows in place of this page; full screen would end with a page that is left
    };
  },
  mounted() {
    this.heard = Date.now();
    document.body.classList.toggle("wall", this.wall);
    this.timers = [
      setInterval(() => this.look(), 500),
      setInterval(() => this.sound(), TONE_EVERY_MS),
      setInterval(() => this.turn(), PAGE_FOR_MS),
    ];
    this.handlers = {
      offline: () => (this.lost = true),
      online: () => this.look(),
      keydown: (event) => this.key(event),
      pointerdown: () => this.allow(),
      fullscreenchange: () => this.wall && !document.fullscreenElement && this.leaveWall(),
    };
    for (const [name, handler] of Object.entries(this.handlers)) window.addEventListener(name, handler);
    this.watchSocket();
    this.sound();
  },
  unmounted() {
    this.timers.forEach(clearInterval);
    for (const [name, handler] of Object.entries(this.handlers)) window.removeEventListener(name, handler);
  },
  methods: {
    watchSocket() {
      if (!window.socket) return setTimeout(() => this.watchSocket(), 20);
      window.socket.on("disconnect", () => (this.lost = true));
      window.socket.on("connect", () => this.pulse());
      if (window.socket.connected) this.pulse();
    },
    pulse() {
      this.heard = Date.now();
      document.body.dataset.alive = "yes";
      this.look();
    },
    look() {
      this.lost = !navigator.onLine || !window.socket?.connected || Date.now() - this.heard > SILENT_FOR_MS;
    },
    show(alarms) {
      const known = new Set(this.alarms.map((alarm) => alarm.incident_id));
      const fresh = alarms.some((alarm) => !known.has(alarm.incident_id));
      this.alarms = alarms;
      if (fresh) this.sound();
    },
    titled,
    address: (alarm) => `${window.path_prefix || "/console"}/incidents/${alarm.incident_id}`,
    numeral: (alarm) => NUMERALS[alarm.grade],
    clock: (at) =>
      new Date(at).toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour12: false, hour: "2-digit", minute: "2-digit" }),
    sound() {
      if (this.framed || !this.alarms.length || this.muted) return;
      this.silenced = sound?.state !== "running";
      if (!this.silenced) tone(sound, this.alarms[0].grade);
    },
    allow() {
      sound ??= new AudioContext();
      sound.resume().then(() => (this.silenced = sound.state !== "running"));
    },
    mute() {
      this.muted = !this.muted;
      localStorage.lifeline_muted = this.muted ? "yes" : "no";
      if (!this.muted) this.sound();
    },
    turn() {
      if (this.framed || !this.wall || this.lost || !this.rotation.length) return;
      const here = this.rotation.indexOf(this.turned || location.pathname);
      this.turned = this.rotation[(here + 1) % this.rotation.length];
    },
    follow(event, alarm) {
      if (!this.wall) return;
      event.preventDefault();
      this.turned = this.address(alarm);
    },
    listen() {
      const shown = this.$refs.frame.contentWindow;
      if (!this.$refs.frame.contentDocument) return; // the browser's own page: nobody answered
      shown.addEventListener("keydown", this.handlers.keydown);
      shown.addEventListener("pointerdown", this.handlers.pointerdown);
      shown.focus();
    },
    enterWall() {
      sessionStorage.lifeline_wall = "yes";
      this.wall = true;
      document.body.classList.add("wall");
      this.allow(); // a browser takes the key for a click
      document.documentElement.requestFullscreen?.().catch(() => {});
    },
    leaveWall() {
      sessionStorage.lifeline_wall = "no";
      this.wall = false;
      document.body.classList.remove("wall");
      if (document.fullscreenElement) document.exitFullscreen();
      if (this.turned) location.assign(this.turned);
    },
    key(event) {
      if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
      const open = ".q-dialog, dialog[open]";
      if (document.querySelector(open) || event.view.document.querySelector(open)) return;
      const screen = {
        "?": () => this.$refs.help.showModal(),
        m: () => this.mute(),
        w: () => (this.wall ? this.leaveWall() : this.enterWall()),
        ...(this.wall && { Escape: () => this.leaveWall() }),
      };
      if (Object.hasOwn(screen, event.key)) {
        if (!this.framed) screen[event.key]();
      } else if (this.turned) return; // the page in the frame hears it as well
      else if (event.key === "j" || event.key === "k") this.step(event.key === "j" ? 1 : -1);
      else if (event.key.length === 1) this.press(event.key);
      else return;
      event.preventDefault();
    },
    step(by) {
      const rows = [...document.querySelectorAll("[data-row]")];
      if (!rows.length) return;
      const at = rows.indexOf(document.activeElement.closest("[data-row]"));
      const row = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
      if (!row.hasAttribute("tabindex") && row.tagName !== "A") row.tabIndex = -1;
      row.focus();
      row.scrollIntoView({ block: "nearest" });
    },
    press(key) {
      const row = document.activeElement.closest("[data-row]");
      const outside = document.querySelectorAll("[data-key]:not([data-row] *)");
      (pressable(key, row?.querySelectorAll("[data-key]") ?? []) ?? pressable(key, outside))?.click();
    },
  },
};
