import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import type { TranslationBundle } from '@jupyterlab/translation';

import * as format from './format';

/** Fills in the places of a text, as the bundle of a language does. */
const trans = {
  __: (text: string, ...given: unknown[]): string =>
    text.replace(/%(\d)/g, (_, place: string) =>
      String(given[Number(place) - 1])
    )
} as unknown as TranslationBundle;

const DURATIONS: Array<[number, string]> = [
  [-1, '0.0 s'],
  [0, '0.0 s'],
  [0.44, '0.4 s'],
  [9.94, '9.9 s'],
  [9.96, '10 s'],
  [59.4, '59 s'],
  [59.6, '1 min 00 s'],
  [185, '3 min 05 s'],
  [7620, '2 h 07 min']
];
for (const [given, expected] of DURATIONS) {
  test(`duration of ${given} s`, () => {
    equal(format.duration(given, trans), expected);
  });
}

const CLOCKS: Array<[number, string]> = [
  [-3, '00:00'],
  [12.9, '00:12'],
  [61, '01:01'],
  [3727, '1:02:07']
];
for (const [given, expected] of CLOCKS) {
  test(`clock at ${given} s`, () => {
    equal(format.clock(given), expected);
  });
}

const SIZES: Array<[number, string]> = [
  [0, ''],
  [312, '312 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [4120, '4.1 kB'],
  [99_500, '100 kB'],
  [1_230_000, '1.2 MB'],
  [3e15, '3000 TB']
];
for (const [given, expected] of SIZES) {
  test(`size of ${given} bytes`, () => {
    equal(format.size(given), expected);
  });
}

const NUMBERS: Array<[number, string]> = [
  [0, '0'],
  [0.1 + 0.2, '0.3'],
  [0.97333333333, '0.973333'],
  [1234567, '1234567'],
  [1234.5678, '1234.57'],
  [1e-7, '1e-7'],
  [2.5e12, '2500000000000'],
  [2.5e21, '2.5e+21'],
  [Infinity, 'Infinity'],
  [NaN, 'NaN']
];
for (const [given, expected] of NUMBERS) {
  test(`number ${given}`, () => {
    equal(format.number(given), expected);
  });
}

test('a value of a parameter', () => {
  equal(format.value('data.csv'), 'data.csv');
  equal(format.value([1, 'a', null]), '[1,"a",null]');
  equal(format.value(undefined), '');
  equal(format.value('x'.repeat(100), 5), 'xxxx…');
});

const PAGES: Array<[string, boolean]> = [
  ['http://kfp.test/#/runs/1', true],
  ['https://kfp.test/', true],
  ['javascript:alert(1)', false],
  [' javascript:alert(1)', false],
  ['data:text/html,x', false],
  ['//kfp.test/x', false],
  ['', false]
];
for (const [given, isPage] of PAGES) {
  test(`a page: ${given}`, () => {
    equal(format.page(given), isPage ? given : null);
  });
}

test('elapsed: from a start to an end, or to now', () => {
  const from = '2026-01-01T00:00:00+00:00';
  equal(format.elapsed(null, null, 0), null);
  equal(format.elapsed(from, '2026-01-01T00:00:02.5+00:00', 0), 2.5);
  equal(format.elapsed(from, null, Date.parse(from) + 3000), 3);
  equal(format.elapsed(from, null, Date.parse(from) - 3000), 0);
});

test('a moment of another day tells the day', () => {
  const now = new Date(2026, 5, 4, 12, 0);
  const same = format.moment(new Date(2026, 5, 4, 9, 5).toISOString(), now);
  const other = format.moment(new Date(2025, 5, 4, 9, 5).toISOString(), now);
  equal(other.includes('2025'), true);
  equal(same.includes('2026'), false);
  equal(format.moment('nonsense', now), 'nonsense');
});
