import { deepEqual, equal } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { freshName, isName, suggestName } from './names';
import { split } from './sections';
import { optionTag, readTags } from './tags';

interface ICases {
  names: Array<{ text: string; valid: boolean; suggested: string | null }>;
  tags: Array<{ tags: string[]; settings: string[] }>;
  notebooks: Array<{ cells: string[][]; sections: object[] }>;
}

// Python's own answers: a pytest holds them equal to what Python says now.
const CASES = JSON.parse(
  readFileSync('tests/labext/cases.json', 'utf8')
) as ICases;

for (const { text, valid, suggested } of CASES.names) {
  test(`names: ${JSON.stringify(text)}`, () => {
    equal(isName(text), valid);
    equal(suggestName(text), suggested);
  });
}

for (const expected of CASES.tags) {
  test(`tags: ${JSON.stringify(expected.tags)}`, () => {
    const found = readTags(expected.tags);
    const settings = found.settings.map(
      ({ option, text }) => `${option}:${text}`
    );
    deepEqual({ tags: expected.tags, ...found, settings }, expected);
  });
}

CASES.notebooks.forEach(({ cells, sections }, number) => {
  test(`sections: notebook ${number} as Python splits it`, () => {
    deepEqual(split(cells).sections, sections);
  });
});

test('sections: runs are broken by other sections and by skipped cells', () => {
  const found = split([['step:a'], [], ['skip'], [], ['step:b'], ['step:a']]);
  deepEqual(
    found.runs.map(run => [run.section.name, run.cells, run.first]),
    [
      ['a', [0, 1], true],
      ['a', [3], false],
      ['b', [4], true],
      ['a', [5], false]
    ]
  );
});

const FRESH: Array<[string, string[], string]> = [
  ['load', [], 'load'],
  ['load', ['load'], 'load-2'],
  ['load-2', ['load-2', 'load'], 'load-3'],
  ['x'.repeat(63), ['x'.repeat(63)], `${'x'.repeat(61)}-2`]
];

for (const [base, taken, expected] of FRESH) {
  test(`names: a name like ${base}`, () => {
    equal(freshName(base, taken), expected);
  });
}

test('tags: an option is written under its head', () => {
  equal(optionTag('timeout', '30m'), 'timeout:30m');
  equal(optionTag('secrets', 'a/b=C'), 'secret:a/b=C');
});
