import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';

import type { Printed } from '../wire';
import { Logs, shownLines } from './log';

function printed(text: string, stream = 'stdout', step = 'load'): Printed {
  return { at: '2026-01-01T00:00:00+00:00', step, cell: 0, stream, text };
}

type Given = Array<[text: string, stream?: string]>;
const CASES: Array<[string, Given, Array<[string, string]>]> = [
  [
    'lines',
    [['a\nb\n']],
    [
      ['stdout', 'a'],
      ['stdout', 'b']
    ]
  ],
  ['a line in two pieces', [['a'], ['b\n']], [['stdout', 'ab']]],
  [
    'a progress bar in pieces',
    [['\r10%'], ['\r20%'], ['\r30%\n']],
    [['stdout', '30%']]
  ],
  ['a colour over two pieces', [['\x1b[31'], ['ma\n']], [['stdout', 'a']]],
  [
    'two streams',
    [['a\n'], ['no\n', 'stderr'], ['b\n']],
    [
      ['stdout', 'a'],
      ['stderr', 'no'],
      ['stdout', 'b']
    ]
  ],
  [
    'two streams in one line',
    [['a '], ['no\n', 'stderr']],
    [['stdout', 'a no']]
  ],
  [
    'an empty line is kept',
    [['a\n\nb']],
    [
      ['stdout', 'a'],
      ['stdout', ''],
      ['stdout', 'b']
    ]
  ],
  ['nothing', [], []]
];
for (const [name, given, expected] of CASES) {
  test(`log: ${name}`, () => {
    const { lines, left } = shownLines(
      given.map(([text, stream]) => printed(text, stream)),
      100
    );
    const found = lines.map(({ stream, pieces }) => [
      stream,
      pieces.map(piece => piece.text).join('')
    ]);
    deepEqual(found, expected);
    equal(left, 0);
  });
}

test('log: only the last lines are shown, and how many are left out is told', () => {
  const { lines, left } = shownLines([printed('a\nb\nc\n')], 2);
  deepEqual(
    lines.map(line => line.pieces[0]?.text),
    ['b', 'c']
  );
  equal(left, 1);
});

test('log: each step has its own, and a list that changed is another one', () => {
  const logs = new Logs();
  logs.add([printed('a\n'), printed('x\n', 'stdout', 'fit')]);
  const before = logs.of('load');
  logs.add([printed('y\n', 'stdout', 'fit')]);
  equal(logs.of('load'), before);
  logs.add([printed('b\n')]);
  notEqual(logs.of('load'), before);
  deepEqual(
    logs.of('load').map(item => item.text),
    ['a\n', 'b\n']
  );
  deepEqual(logs.of('nothing'), []);
});

test('log: what is kept is bounded by lines and by letters; the last piece always stays', () => {
  const logs = new Logs();
  for (let place = 0; place < 50; place++) {
    logs.add([printed(`${place}\n`.repeat(100))]);
  }
  const found = logs.of('load');
  ok(found.length <= 30);
  ok(logs.isCut('load'));
  ok(!logs.isCut('fit'));
  equal(found[found.length - 1]?.text.slice(0, 3), '49\n');
  logs.add([printed('x'.repeat(3_000_000))]);
  equal(logs.of('load').length, 1);
});

test('log: what the server left out is told of', () => {
  const logs = new Logs();
  logs.add([printed('a\n')]);
  ok(!logs.isCut('load'));
  logs.add([printed('b\n')], true);
  ok(logs.isCut('load'));
});
