import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';

import { replacement } from './replacement';

const SOURCE = 'import pandas\n\ndf = pandas.read(x)\ny = df + df\n';

type Row = [string, number | null, string, string | null];

/** What, line, old, and what stands at the place: null where it is refused. */
const ROWS: Row[] = [
  ['a word of a line', 3, 'read(x)', 'read(x)'],
  ['a whole line', 1, 'import pandas', 'import pandas'],
  ['an empty line', 2, '', ''],
  ['not on this line any more', 1, 'read(x)', null],
  ['twice on the line', 4, 'df', null],
  ['no such line', 9, 'df', null],
  ['no line', null, 'df', null],
  ['nothing, on a line with text', 1, '', null]
];

for (const [name, line, old, expected] of ROWS) {
  test(`an edit: ${name}`, () => {
    const found = replacement(SOURCE, { line, old });
    equal(found && SOURCE.slice(found.start, found.end), expected);
  });
}

test('an edit is placed on its own line', () => {
  deepEqual(replacement('a = 1\na = 1', { line: 2, old: 'a' }), {
    start: 6,
    end: 7
  });
});
