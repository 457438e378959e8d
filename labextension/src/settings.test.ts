import { deepEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { DEFAULTS, settingsOf } from './settings';

const CASES: Array<[string, Record<string, unknown>, object]> = [
  ['nothing set', {}, {}],
  ['a value of the user', { showHeaders: false }, { showHeaders: false }],
  [
    'a wrong type',
    { showHeaders: 'no', graphDirection: 'right' },
    { graphDirection: 'right' }
  ],
  ['an unknown word', { graphDirection: 'up' }, {}],
  ['an unknown name', { colour: 'red' }, {}]
];

for (const [name, given, expected] of CASES) {
  test(`settings: ${name}`, () => {
    deepEqual(settingsOf(given), { ...DEFAULTS, ...expected });
  });
}

test('settings: the schema and the code have the same defaults', () => {
  const schema = JSON.parse(
    readFileSync('labextension/schema/plugin.json', 'utf8')
  ) as { properties: Record<string, { default: unknown }> };
  const defaults = Object.entries(schema.properties).map(
    ([name, property]) => [name, property.default] as const
  );
  deepEqual(Object.fromEntries(defaults), DEFAULTS);
});
