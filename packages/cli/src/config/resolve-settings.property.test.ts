import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { resolveSettings, type Flags } from "./resolve-settings.ts";
import { SETTING_NAMES, SETTINGS, type SettingName } from "./settings.ts";

const directory = mkdtempSync(join(tmpdir(), "dataflow-config-"));
writeFileSync(join(directory, "dataflow.config.ts"), "");

/** Some settings, as a file would have them. Draining and following exclude each other, so drain is left out. */
const some = fc.record(
  {
    stateDir: fc.constantFrom("a", "b/c", "-"),
    parallelism: fc.integer({ min: 1, max: 128 }),
    follow: fc.boolean(),
    json: fc.boolean(),
  },
  { requiredKeys: [] },
);
type Some = Partial<Record<SettingName, unknown>>;

test("the first of flag, environment, profile and configuration that has a setting decides, and is named", async () => {
  const layers = fc.record({ flags: some, variables: some, profile: some, base: some, named: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(layers, async ({ flags, variables, profile, base, named }) => {
      const environment = Object.fromEntries(
        Object.entries(variables).map(([name, value]) => [
          SETTINGS[name as SettingName].variable,
          String(value),
        ]),
      );
      const { parallelism, ...rest } = flags;
      const resolved = await resolveSettings(
        {
          ...(rest as Flags),
          ...(parallelism === undefined ? {} : { parallelism: String(parallelism) }),
          ...(named ? { profile: "p" } : {}),
        },
        { directory, environment, load: async () => ({ ...base, profiles: { p: profile } }) },
      );
      const inOrder: readonly [(name: SettingName) => string, Some][] = [
        [(name) => (flags[name as "json"] === false ? `--no-${name}` : SETTINGS[name].flag), flags],
        [(name) => SETTINGS[name].variable, variables],
        [() => "dataflow.config.ts, profile p", named ? profile : {}],
        [() => "dataflow.config.ts", base],
      ];
      for (const name of SETTING_NAMES) {
        const [origin, values] = inOrder.find(([, layer]) => name in layer) ?? [
          () => "default",
          { [name]: SETTINGS[name].default },
        ];
        expect([resolved.settings[name], resolved.origins[name]]).toEqual([values[name], origin(name)]);
      }
    }),
  );
});
