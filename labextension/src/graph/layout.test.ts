import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';

import type { Edge, StepView } from '../wire';
import {
  type Direction,
  boxWidth,
  drawingOf,
  nearest,
  pathOf,
  structureKey
} from './layout';
import { mermaid } from './mermaid';
import { svg } from './svg';

function step(id: string, name = id): StepView {
  return {
    id,
    name,
    role: 'step',
    cells: [0],
    inputs: [],
    outputs: [],
    options: {} as StepView['options'],
    metrics: [],
    parameters: [],
    shares_process: []
  };
}

function edge(source: string, target: string, ...variables: string[]): Edge {
  const kind = variables.length ? 'variable' : 'order';
  const reasons = [
    `\`${variables.join()}\`: written in cell 1, read in cell 2`
  ];
  return { source, target, kind, variables, reasons };
}

const DIAMOND = {
  steps: ['load', 'left', 'right', 'join'].map(id => step(id)),
  edges: [
    edge('load', 'left', 'df'),
    edge('load', 'right', 'df'),
    edge('left', 'join', 'a'),
    edge('right', 'join')
  ]
};

for (const direction of ['down', 'right'] as Direction[]) {
  test(`drawn ${direction}: followers come after, parallel steps beside each other`, () => {
    const { boxes, lines } = drawingOf(DIAMOND, direction);
    const axis = direction === 'down' ? 'y' : 'x';
    const at = (id: string) => boxes.get(id)?.[axis] ?? NaN;
    ok(at('load') < at('left') && at('left') < at('join'));
    equal(at('left'), at('right'));
    equal(lines.size, 4);
  });
}

test('what does not change the structure moves nothing', () => {
  const other = {
    steps: DIAMOND.steps.map(item => ({ ...item, cells: [7, 8] })),
    edges: DIAMOND.edges.map(item => ({ ...item, reasons: ['another'] }))
  };
  equal(structureKey(other, 'down'), structureKey(DIAMOND, 'down'));
  equal(drawingOf(other, 'down'), drawingOf(DIAMOND, 'down'));
});

test('what changes the structure is drawn anew', () => {
  const fewer = { ...DIAMOND, edges: DIAMOND.edges.slice(1) };
  notEqual(structureKey(fewer, 'down'), structureKey(DIAMOND, 'down'));
  notEqual(structureKey(DIAMOND, 'right'), structureKey(DIAMOND, 'down'));
});

test('an edge to a step that is gone is left out', () => {
  const odd = { ...DIAMOND, edges: [edge('load', 'gone', 'x')] };
  equal(drawingOf(odd, 'down').lines.size, 0);
});

test('boxes are as wide as their names, within limits', () => {
  equal(boxWidth('a'), boxWidth('b'));
  ok(boxWidth('a step with a name') > boxWidth('a'));
  ok(boxWidth('数据清洗与特征工程') > boxWidth('abcdefghi'));
  equal(boxWidth('x'.repeat(63)), boxWidth('x'.repeat(50)));
});

const KEYS: Array<
  [string, Parameters<typeof nearest>[2], Direction, string[]]
> = [
  ['load', 'ArrowDown', 'down', ['left', 'right']],
  ['load', 'ArrowUp', 'down', ['']],
  ['join', 'ArrowUp', 'down', ['left', 'right']],
  ['load', 'ArrowRight', 'down', ['']],
  ['load', 'ArrowRight', 'right', ['left', 'right']],
  ['join', 'ArrowRight', 'right', ['']]
];

for (const [from, key, direction, expected] of KEYS) {
  test(`${key} from ${from}, drawn ${direction}`, () => {
    const drawing = drawingOf(DIAMOND, direction);
    ok(expected.includes(nearest(drawing, from, key, direction) ?? ''));
  });
}

test('sidewards: from one parallel step to the other and back', () => {
  const drawing = drawingOf(DIAMOND, 'down');
  const found = ['left', 'right'].map(
    id =>
      nearest(drawing, id, 'ArrowRight', 'down') ??
      nearest(drawing, id, 'ArrowLeft', 'down')
  );
  deepEqual(found, ['right', 'left']);
});

test('a line of one point, and of none', () => {
  equal(pathOf([], 'down'), '');
  equal(pathOf([{ x: 1, y: 2 }], 'down'), 'M1 2');
});

test('Mermaid, as `nb2pipe graph --mermaid` writes it', () => {
  const steps = [step('load', 'Lade "Daten"'), step('fit', 'fit/2')];
  const text = mermaid({ steps, edges: [edge('load', 'fit', 'a', 'b')] });
  equal(
    text,
    'flowchart TD\n    s0["Lade #34;Daten#34;"]\n    s1["fit/2"]\n    s0 -->|"a, b"| s1\n'
  );
});

test('nothing of a notebook is markup in the picture', () => {
  const name = '<script>alert(1)</script>&"\u0000';
  const cells = () => '"><g onload="x()">';
  const text = svg(
    { steps: [step('a', name)], edges: [] },
    'down',
    name,
    cells
  );
  ok(!text.includes('<script') && !text.includes('<g onload'));
  ok(text.includes('&lt;script&gt;') && !text.includes('\u0000'));
});
