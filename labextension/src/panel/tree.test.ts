import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';

import type { Edge, StepView } from '../wire';
import { keyed, rowsOf } from './tree';

function step(id: string, cells: number[], outputs: string[]): StepView {
  return {
    id,
    name: id.toUpperCase(),
    role: 'step',
    cells,
    inputs: [],
    outputs: outputs.map(name => ({
      name,
      steps: ['fit'],
      cell: cells[0] ?? 0,
      type: '',
      size_bytes: 0,
      soft: false
    })),
    options: {} as StepView['options'],
    metrics: [],
    parameters: [],
    shares_process: []
  };
}

const EDGE: Edge = {
  source: 'load',
  target: 'fit',
  kind: 'variable',
  variables: ['df'],
  reasons: ['`df`: written in cell 2, read in cell 4']
};
const PIPELINE = {
  steps: [step('load', [1], ['df']), step('fit', [3], [])],
  edges: [EDGE]
};

test('closed steps are one row each', () => {
  const rows = rowsOf(PIPELINE, new Set());
  deepEqual(
    rows.map(row => [row.kind, row.step, row.cell]),
    [
      ['step', 'load', 1],
      ['step', 'fit', 3]
    ]
  );
});

test('an open step shows what it gives, and why it waits', () => {
  const rows = rowsOf(PIPELINE, new Set(['load', 'fit']));
  deepEqual(
    rows.map(row => [row.step, row.lead, row.text, row.cell]),
    [
      ['load', '', 'LOAD', 1],
      ['load', '→ FIT', 'df', 1],
      ['fit', '', 'FIT', 3],
      ['fit', '← LOAD', 'df: written in cell 2, read in cell 4', 1]
    ]
  );
});

type Row = [string, number, string[], ReturnType<typeof keyed>];

/** Key, the row it is pressed in, open steps, what it does. */
const KEYS: Row[] = [
  ['ArrowDown', 0, [], { kind: 'go', place: 1 }],
  ['ArrowDown', 1, [], { kind: 'go', place: 1 }],
  ['ArrowUp', 0, [], { kind: 'go', place: 0 }],
  ['End', 0, [], { kind: 'go', place: 1 }],
  ['Home', 1, [], { kind: 'go', place: 0 }],
  ['ArrowRight', 0, [], { kind: 'toggle' }],
  ['ArrowRight', 0, ['load'], { kind: 'go', place: 1 }],
  ['ArrowLeft', 0, ['load'], { kind: 'toggle' }],
  ['ArrowLeft', 1, ['load'], { kind: 'go', place: 0 }],
  ['ArrowLeft', 0, [], null],
  [' ', 0, [], { kind: 'pick' }],
  [' ', 1, ['load'], null],
  ['Enter', 1, ['load'], { kind: 'enter' }],
  ['a', 0, [], null]
];

for (const [key, place, open, expected] of KEYS) {
  test(`the key ${key} in row ${place}, open: ${open.join() || 'none'}`, () => {
    const set = new Set(open);
    deepEqual(keyed(key, rowsOf(PIPELINE, set), place, set), expected);
  });
}

test('no rows, no keys', () => {
  equal(keyed('ArrowDown', [], 0, new Set()), null);
});
