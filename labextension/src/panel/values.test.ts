import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';

import type { Json, Parameter } from '../wire';
import { readingOf, textOf } from './values';

type Row = [Parameter['type'], boolean, string, Json | undefined];

/** Type, nullable, text, value: undefined where the text is refused. */
const ROWS: Row[] = [
  ['int', false, '3', 3],
  ['int', false, '-3', -3],
  ['int', false, ' 3 ', 3],
  ['int', false, '3.0', undefined],
  ['int', false, '1e3', undefined],
  ['int', false, '0x10', undefined],
  ['int', false, 'three', undefined],
  ['int', false, '', undefined],
  ['int', false, 'None', undefined],
  ['int', true, 'None', null],
  ['int', true, 'null', null],
  ['int', false, 'true', undefined],
  ['float', false, '0.5', 0.5],
  ['float', false, '1', 1],
  ['float', false, '1e-3', 0.001],
  ['float', false, '1e999', undefined],
  ['float', false, 'NaN', undefined],
  ['float', false, 'inf', undefined],
  ['bool', false, 'True', true],
  ['bool', false, 'false', false],
  ['bool', false, '1', undefined],
  ['bool', false, 'yes', undefined],
  ['str', false, 'a text', 'a text'],
  ['str', false, '', ''],
  ['str', false, 'None', 'None'],
  ['str', true, 'None', null],
  ['str', false, '"quoted"', '"quoted"'],
  ['list', false, '[1, "a"]', [1, 'a']],
  ['list', false, '(1, 2)', undefined],
  ['list', false, '{}', undefined],
  ['dict', false, '{"a": 1}', { a: 1 }],
  ['dict', false, "{'a': 1}", undefined],
  ['dict', false, '[]', undefined],
  ['dict', false, 'null', undefined],
  ['any', false, 'anything', 'anything'],
  ['any', false, '[1]', [1]],
  ['any', false, 'None', null]
];

for (const [type, nullable, text, value] of ROWS) {
  test(`${type}${nullable ? ' or None' : ''} from ${JSON.stringify(text)}`, () => {
    const expected =
      value === undefined ? { wrong: true } : { wrong: false, value };
    deepEqual(readingOf({ type, nullable }, text), expected);
  });
}

const TEXTS: Array<[Parameter['type'], Json, string]> = [
  ['int', 3, '3'],
  ['float', 1, '1.0'],
  ['float', 0.25, '0.25'],
  ['bool', true, 'True'],
  ['str', 'None of these', 'None of these'],
  ['list', [1, 'a'], '[1,"a"]'],
  ['any', null, 'None']
];

for (const [type, value, text] of TEXTS) {
  test(`${type} ${JSON.stringify(value)} as text and back`, () => {
    const parameter = { type, nullable: value === null };
    equal(textOf(parameter, value), text);
    deepEqual(readingOf(parameter, text), { wrong: false, value });
  });
}
