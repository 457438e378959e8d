/** The notebook's `metadata.nb2pipe` in, what it says of a step's options out; and copies with changes. */

import { normal } from './names';

type Table = Readonly<Record<string, unknown>>;

/** One option of a step, or of all steps, as text where it can be; else as JSON. */
export function optionIn(
  metadata: unknown,
  step: string | null,
  option: string
): string | null {
  const value = options(metadata, step)?.[option];
  if (value === undefined || value === null) {
    return null;
  }
  if (typeof value === 'boolean') {
    return value ? 'on' : 'off';
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The options of a step, or those for all steps (null), as they are written. */
export function options(metadata: unknown, step: string | null): Table | null {
  if (step === null) {
    return table(table(metadata)?.['defaults']);
  }
  const steps = table(table(metadata)?.['steps']);
  const key = steps && keyOf(steps, step);
  return key ? table(steps[key]) : null;
}

/** The metadata without an option of a step; the same object if it has none. */
export function without(
  metadata: unknown,
  step: string,
  option: string
): unknown {
  const steps = table(table(metadata)?.['steps']);
  const key = steps && keyOf(steps, step);
  const own = key ? table(steps[key]) : null;
  if (!steps || !key || !own || !(option in own)) {
    return metadata;
  }
  const left = omit(own, option);
  return {
    ...(metadata as Table),
    steps: Object.keys(left).length
      ? { ...steps, [key]: left }
      : omit(steps, key)
  };
}

/**
 * The metadata with a step's options under another name; the same object if it has none.
 *
 * Where that one has options too, only what it lacks is moved: what contradicts stays, and analysis warns of it.
 */
export function joined(metadata: unknown, from: string, to: string): unknown {
  const steps = table(table(metadata)?.['steps']);
  const key = steps && keyOf(steps, from);
  if (!steps || !key) {
    return metadata;
  }
  const home = keyOf(steps, to);
  if (!home) {
    const renamed = Object.entries(steps).map(([name, own]) => [
      name === key ? to : name,
      own
    ]);
    const table: Table = Object.fromEntries(renamed) as Table;
    return { ...(metadata as Table), steps: table };
  }
  const given = table(steps[key]) ?? {};
  const own = table(steps[home]) ?? {};
  const left = Object.fromEntries(
    Object.entries(given).filter(
      ([name, value]) =>
        name in own && JSON.stringify(own[name]) !== JSON.stringify(value)
    )
  );
  const found = { ...omit(steps, key), [home]: { ...given, ...own } };
  return {
    ...(metadata as Table),
    steps: Object.keys(left).length ? { ...found, [key]: left } : found
  };
}

function keyOf(steps: Table, name: string): string | undefined {
  return Object.keys(steps).find(key => normal(key) === name);
}

function omit(given: Table, key: string): Table {
  return Object.fromEntries(
    Object.entries(given).filter(([name]) => name !== key)
  );
}

function table(value: unknown): Table | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Table)
    : null;
}
