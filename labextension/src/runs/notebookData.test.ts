import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';

import type { Json } from '../wire';
import { cellsOf, figuresOf, languageOf } from './notebookData';

function notebook(...cells: Json[]): Json {
  return { cells, metadata: {}, nbformat: 4, nbformat_minor: 5 };
}

function code(...outputs: Json[]): Json {
  return {
    cell_type: 'code',
    source: ['a = 1\n', 'a'],
    execution_count: 3,
    outputs,
    metadata: {}
  };
}

const TEXT: Json = { cell_type: 'markdown', source: '# Title', metadata: {} };

test('cells: kinds, numbers, counts, sources of several lines', () => {
  deepEqual(
    cellsOf(
      notebook(TEXT, code(), { ...(code() as object), execution_count: null })
    ),
    [
      {
        kind: 'markdown',
        source: '# Title',
        count: '',
        number: 0,
        outputs: []
      },
      {
        kind: 'code',
        source: 'a = 1\na',
        count: '[3]',
        number: 1,
        outputs: []
      },
      { kind: 'code', source: 'a = 1\na', count: '', number: 2, outputs: [] }
    ]
  );
});

const NOT_NOTEBOOKS: Json[] = [
  null,
  3,
  'x',
  [],
  {},
  { cells: 4 },
  { cells: [1, null, 'a'] }
];
for (const data of NOT_NOTEBOOKS) {
  test(`cells: none in ${JSON.stringify(data)}`, () => {
    deepEqual(cellsOf(data), []);
    deepEqual(figuresOf(data), []);
    equal(languageOf(data), 'python');
  });
}

function shown(data: Json): Json {
  return { output_type: 'display_data', data, metadata: {} };
}

const FIGURES: Array<[string, Json, string[]]> = [
  [
    'a PNG',
    shown({ 'image/png': 'aGk=\n', 'text/plain': 'x' }),
    ['data:image/png;base64,aGk=']
  ],
  [
    'a JPEG in lines',
    shown({ 'image/jpeg': ['aG\n', 'k='] }),
    ['data:image/jpeg;base64,aGk=']
  ],
  ['an SVG may hold code', shown({ 'image/svg+xml': '<svg/>' }), []],
  ['what is not base64', shown({ 'image/png': '"><script>' }), []],
  ['an empty one', shown({ 'image/png': '' }), []],
  ['printed text', { output_type: 'stream', name: 'stdout', text: 'x' }, []]
];
for (const [name, output, expected] of FIGURES) {
  test(`figures: ${name}`, () => {
    deepEqual(
      figuresOf(notebook(TEXT, code(output))),
      expected.map(address => ({ cell: 1, address }))
    );
  });
}

test('language: as the notebook says', () => {
  equal(languageOf({ metadata: { language_info: { name: 'R' } } }), 'R');
});
