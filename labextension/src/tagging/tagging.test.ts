import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';

import type { TranslationBundle } from '@jupyterlab/translation';

import { badgesOf } from '../notebook/badges';
import { FIELDS } from '../notebook/fields';
import type { Texts } from '../notebook/options';
import { split } from '../notebook/sections';
import type { Analysis, Problem } from '../wire';
import {
  below,
  earlierSteps,
  editOf,
  follows,
  formOf,
  formTrouble,
  type IForm,
  nameTrouble
} from './form';
import { coloursOf, shownAt } from './shown';
import { fieldTrouble, fieldWord } from './words';

const filled = (text: string, args: unknown[]): string =>
  text.replace(/%(\d)/g, (_, place: string) => String(args[Number(place) - 1]));
const trans = {
  __: (text: string, ...args: unknown[]) => filled(text, args),
  _n: (one: string, more: string, count: number, ...args: unknown[]) =>
    filled(count === 1 ? one : more, [count, ...args])
} as unknown as TranslationBundle;

function cells(text: string): string[][] {
  return text.split('|').map(tags => tags.split(' ').filter(tag => tag));
}

const notebook = (text: string) => ({
  tags: cells(text),
  metadata: undefined
});

// --- badges ---

const BADGES: Array<[Texts, string[]]> = [
  [{}, []],
  [{ cpu: '2', memory: '8Gi' }, ['2 CPU', '8 GiB']],
  [{ cpu: '500m', memory: '512Mi' }, ['0.5 CPU', '512 MiB']],
  [{ memory: '8G' }, ['8 GB']],
  [{ memory: '100k' }, ['100 kB']],
  [{ memory: '1000' }, ['1000 B']],
  [{ gpu: '1' }, ['1 GPU']],
  [{ gpu: 'nvidia.com/gpu:2' }, ['2 GPU']],
  [{ retries: '1' }, ['1 retry']],
  [{ retries: '3' }, ['3 retries']],
  [{ retries: '0' }, []],
  [{ timeout: '1h30m' }, ['at most 1 h 30 min']],
  [{ timeout: '90' }, ['at most 90 s']],
  [{ cache: 'off' }, ['always run']],
  [{ cache: 'on' }, []],
  [{ image: 'ghcr.io/team/train:1.2' }, ['train:1.2']]
];

for (const [texts, expected] of BADGES) {
  test(`badges: ${JSON.stringify(texts)}`, () => {
    const options = { texts, defaults: {}, after: [], others: [] };
    deepEqual(badgesOf(options, trans), expected);
  });
}

// --- fields ---

const FIELD_TROUBLES: Array<[(typeof FIELDS)[number], string, boolean]> = [
  ['cpu', '2', false],
  ['cpu', ' 2 ', false],
  ['cpu', '', false],
  ['cpu', 'two', true],
  ['memory', '8Gi', false],
  ['memory', '8 Gi', true],
  ['gpu', '0', true],
  ['retries', '100', true],
  ['timeout', '1h30m', false],
  ['timeout', '1 hour', true],
  ['image', 'a b', true]
];

for (const [field, text, isWrong] of FIELD_TROUBLES) {
  test(`fields: ${field} ${JSON.stringify(text)}`, () => {
    equal(fieldTrouble(field, text, trans) !== null, isWrong);
  });
}

test('fields: each has its words', () => {
  for (const field of FIELDS) {
    const { label, meaning } = fieldWord(field, trans);
    equal(label.length > 0 && meaning.endsWith('.'), true);
  }
});

// --- names ---

const NAME_TROUBLES: Array<[string, string | null]> = [
  ['load', null],
  [' load ', null],
  ['', 'Give the step a name.'],
  ['a b', 'Letters, digits, “_” and “-” only: perhaps a_b?'],
  ['<<>>', 'Letters, digits, “_” and “-” only.'],
  ['x'.repeat(64), 'A name has at most 63 characters.']
];

for (const [text, expected] of NAME_TROUBLES) {
  test(`names: ${JSON.stringify(text)}`, () => {
    equal(nameTrouble(text, trans), expected);
  });
}

// --- the form ---

const FORMS: Array<[string, string, number[], string | undefined, object]> = [
  ['no tags', '||', [1], undefined, { choice: 'step', name: '' }],
  ['a step', 'step:a cpu:2|', [1], undefined, { choice: 'step', name: 'a' }],
  ['before the first', '|step:a', [0], undefined, { choice: 'step', name: '' }],
  ['a role', 'imports|', [1], undefined, { choice: 'imports', name: '' }],
  ['a skipped cell', 'step:a|skip', [1], undefined, { choice: 'skip' }],
  ['a new name', 'step:a|', [1], 'a-2', { choice: 'step', name: 'a-2' }]
];

for (const [name, tags, chosen, given, expected] of FORMS) {
  test(`form: ${name}`, () => {
    const found = formOf(notebook(tags), new Set(chosen), given);
    deepEqual({ ...found, ...expected }, found);
  });
}

test('form: cells below follow one cell that starts a step, and no role', () => {
  const given = notebook('step:a|||');
  const form = formOf(given, new Set([1]));
  deepEqual(below(given, new Set([1]), form), [2, 3]);
  equal(follows(form, new Set([1])), true);
  equal(follows({ ...form, choice: 'imports' }, new Set([1])), false);
  equal(follows(form, new Set([1, 2])), false);
  equal(follows({ ...form, follow: false }, new Set([1])), false);
});

test('form: a name, options and the steps to wait for are one edit', () => {
  const given = notebook('step:a|x||');
  const chosen = new Set([1]);
  const form: IForm = {
    ...formOf(given, chosen),
    name: ' b ',
    texts: { cpu: '2' },
    after: ['a']
  };
  equal(formTrouble(form, trans), null);
  deepEqual(earlierSteps(given, chosen, 'b'), ['a']);
  deepEqual(
    editOf(given, chosen, form).tags,
    new Map([[1, ['x', 'step:b', 'cpu:2', 'after:a']]])
  );
  equal(
    formTrouble({ ...form, texts: { cpu: 'x' } }, trans),
    'Write a number of cores: 2, 0.5 or 500m.'
  );
});

// --- what is shown ---

const problem = (cell: number, severity: string): Problem =>
  ({
    diagnostic: {
      code: 'N2P201',
      severity,
      message: `${severity} in ${cell}`,
      location: { cell },
      hint: null
    },
    fixes: []
  }) as unknown as Problem;

test('shown: nothing without tags, but problems', () => {
  const given = notebook('|');
  const analysis = {
    steps: [],
    problems: [problem(1, 'warning'), problem(1, 'error'), problem(0, 'note')]
  } as unknown as Analysis;
  deepEqual(shownAt(given, split(given.tags), analysis, trans), [
    { header: null, bar: null, colour: null, mark: null },
    {
      header: null,
      bar: null,
      colour: null,
      mark: { severity: 'error', lines: ['error in 1', 'warning in 1'] }
    }
  ]);
});

test('shown: a header above each run, a bar beside each cell', () => {
  const given = notebook('imports|step:a cpu:2||skip|step:b after:a|step:a');
  const shown = shownAt(given, split(given.tags), null, trans);
  deepEqual(
    shown.map(item => [
      item.header?.name,
      item.header?.first,
      item.bar,
      item.colour
    ]),
    [
      ['imports', true, 'imports', null],
      ['a', true, 'step', 0],
      [undefined, undefined, 'step', 0],
      ['', true, 'skip', null],
      ['b', true, 'step', 1],
      ['a', false, 'step', 0]
    ]
  );
  deepEqual(shown[1]?.header?.badges, ['2 CPU']);
  deepEqual(shown[4]?.header?.badges, ['after a']);
});

test('shown: neighbouring steps never have one colour', () => {
  const tags = Array.from({ length: 20 }, (_, place) => [`step:s${place}`]);
  const colours = [...coloursOf(split(tags)).values()];
  equal(
    colours.some((colour, place) => colour === colours[place + 1]),
    false
  );
});
