// Writes check.ts: every generated dashboard as a literal of Grafana's own type, its panels of their plugin's types.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const generated = join(here, "..", "generated");
// Panel plugins that publish types: options, and the `custom` part of a field's configuration where there is one.
const plugins = {
  barchart: ["BarChart", "Options", "FieldConfig"],
  geomap: ["Geomap", "Options", null],
  stat: ["Stat", "Options", null],
  "state-timeline": ["StateTimeline", "Options", "FieldConfig"],
  table: ["Table", "Options", null],
  timeseries: ["TimeSeries", "Options", "FieldConfig"],
};
const folder = { "state-timeline": "statetimeline" };

const lines = [
  "// Made by write-check.mjs; not kept.",
  'import type { Dashboard, Panel, VariableModel, AnnotationQuery } from "@grafana/schema";',
];
for (const [plugin, [name]] of Object.entries(plugins)) {
  const path = `@grafana/schema/dist/esm/raw/composable/${folder[plugin] ?? plugin}/panelcfg/x/${name}PanelCfg_types.gen`;
  lines.push(`import type * as ${name} from "${path}";`);
}
lines.push(
  "// JSON has no enums: a member stands there as its value. What a file may leave out, it may leave out.",
  "type Plain<T> = T extends string ? `${T}` : T extends number ? number : T extends boolean ? T",
  "  : T extends (infer Entry)[] ? Plain<Entry>[] : T extends object ? { [Key in keyof T]: Plain<T[Key]> } : T;",
);

let panels = 0;
const files = readdirSync(generated, { recursive: true }).filter((file) => file.endsWith(".json")).sort();
files.forEach((file, number) => {
  const board = JSON.parse(readFileSync(join(generated, file), "utf8"));
  lines.push(`// ${file}`);
  const { panels: shown, templating, annotations, ...rest } = board;
  lines.push(`export const board${number}: Plain<Omit<Dashboard, "panels" | "templating" | "annotations">> = ${JSON.stringify(rest)};`);
  lines.push(`export const variables${number}: Plain<VariableModel>[] = ${JSON.stringify(templating.list)};`);
  lines.push(`export const marks${number}: Plain<Omit<AnnotationQuery, "target">>[] = ${JSON.stringify((annotations.list ?? []).map(({ target, ...mark }) => mark))};`);
  shown.forEach((panel, place) => {
    const plugin = plugins[panel.type];
    if (!plugin) throw new Error(`${file}: no types are known for panels of type ${panel.type}`);
    const [name, options, field] = plugin;
    const { options: drawn, ...others } = panel;
    const id = `${number}_${place}`;
    panels += 1;
    lines.push(`export const panel${id}: Plain<Omit<Panel, "options">> = ${JSON.stringify(others)};`);
    lines.push(`export const options${id}: Plain<Partial<${name}.${options}>> = ${JSON.stringify(drawn ?? {})};`);
    if (field) {
      lines.push(`export const field${id}: Plain<Partial<${name}.${field}>> = ${JSON.stringify(panel.fieldConfig.defaults.custom ?? {})};`);
    }
  });
});
writeFileSync(join(here, "check.ts"), lines.join("\n") + "\n");
console.log(`${files.length} dashboards, ${panels} panels`);
