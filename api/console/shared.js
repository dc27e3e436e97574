// What pages share: how long until, and rows that the server shares with everybody, a numbered snapshot, then changes by
// their numbers.

export const SOON_MS = 120000;

export function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const hours = Math.floor(seconds / 3600);
  const two = (number) => String(number).padStart(2, "0");
  const [days, rest] = document.documentElement.lang.startsWith("zh") ? [" 天", " 小时"] : [" d", " h"];
  if (hours >= 48) return `${Math.floor(hours / 24)}${days} ${hours % 24}${rest}`;
  return hours ? `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}` : `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}

// A title in a language, without the mark of exercises that it begins with: pages set their own.
export function titled(both, language) {
  return (both[language] || both.zh || both.en).replace(/^(【演练】|DRILL )/, "");
}

export class Shared {
  constructor(address, changed) {
    this.address = address;
    this.changed = changed; // called with what stands still, and after each change with null
    this.rows = new Map();
    this.number = -1;
    this.waiting = [];
    this.asking = null;
  }

  async load() {
    this.asking ??= this.ask().finally(() => (this.asking = null));
    return this.asking;
  }

  async ask() {
    const answer = await fetch(this.address);
    if (answer.status === 401) return location.reload(); // signed out: the way to the entrance
    if (!answer.ok) return;
    const { rows, number, ...still } = await answer.json();
    this.rows = new Map(rows.map((row) => [row.id, Object.freeze(row)]));
    this.number = number;
    const waiting = this.waiting.splice(0);
    waiting.forEach((change) => this.apply(change));
    this.changed(still);
  }

  change(change) {
    if (this.asking || this.number < 0) this.waiting.push(change);
    else if (change.number > this.number + 1) {
      this.waiting.push(change);
      this.load();
    } else {
      this.apply(change);
      this.changed(null);
    }
  }

  apply(change) {
    if (change.number <= this.number) return;
    for (const row of change.rows) this.rows.set(row.id, Object.freeze(row));
    for (const id of change.gone) this.rows.delete(Number.isNaN(Number(id)) ? id : Number(id));
    this.number = change.number;
  }
}

// What a key presses among these: a link may stand for a key unseen, a button counts only where one could click it.
export function pressable(key, among) {
  const can = (one) => one.matches("a") || (!one.disabled && one.getClientRects().length > 0);
  return [...among].find((one) => one.dataset.key === key && can(one));
}
