import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';

import { type Part, cellRanges, partsOf } from './words';

const text = (text: string): Part => ({ kind: 'text', text });
const code = (text: string): Part => ({ kind: 'code', text });
const cell = (number: number): Part => ({
  kind: 'cell',
  text: `cell ${number}`,
  cell: number - 1
});

const SENTENCES: Array<[string, Part[]]> = [
  ['', []],
  ['no mark at all', [text('no mark at all')]],
  [
    '`df`: written in cell 4, read in cell 9',
    [code('df'), text(': written in '), cell(4), text(', read in '), cell(9)]
  ],
  ['`cell 4`', [code('cell 4')]],
  ['cell 99 is not there', [text('cell 99 is not there')]],
  ['cell 0', [text('cell 0')]],
  ['supercell 4', [text('supercell 4')]],
  ['cell 4711471147114711', [text('cell 4711471147114711')]],
  ['an open ` stays', [text('an open ` stays')]],
  [
    '`<img src=x onerror=alert(1)>` stays text',
    [code('<img src=x onerror=alert(1)>'), text(' stays text')]
  ]
];

for (const [sentence, expected] of SENTENCES) {
  test(`parts of: ${sentence}`, () => {
    deepEqual(partsOf(sentence, 10), expected);
  });
}

const RANGES: Array<[number[], string]> = [
  [[], ''],
  [[0], '1'],
  [[1, 2, 3, 6], '2–4, 7'],
  [[0, 2, 4], '1, 3, 5']
];

for (const [cells, expected] of RANGES) {
  test(`cells ${JSON.stringify(cells)}`, () => {
    equal(cellRanges(cells), expected);
  });
}
