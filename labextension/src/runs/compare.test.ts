import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';

import type { Json, RunView, StepRun } from '../wire';
import { compare, courses, same, took } from './compare';

const STEP: StepRun = {
  id: 'load',
  name: 'load',
  state: 'SUCCEEDED',
  started_at: '2026-01-01T00:00:00+00:00',
  finished_at: '2026-01-01T00:00:02+00:00',
  cell: null,
  attempt: 1,
  error: null,
  because: null,
  values: {},
  metrics: {},
  reused: '',
  cpu_s: 0,
  peak_bytes: 0
};

function view(
  parameters: Record<string, Json>,
  metrics: Record<string, number>,
  steps: StepRun[] = []
): RunView {
  return {
    run: {
      id: 'r',
      notebook: 'a.ipynb',
      digest: '',
      state: 'SUCCEEDED',
      started_at: '2026-01-01T00:00:00+00:00',
      steps,
      finished_at: null,
      jobs: 1,
      pid: null,
      parameters,
      kernel: '',
      version: '',
      warnings: [],
      target: '',
      remote: '',
      link: ''
    },
    path: 'a.ipynb',
    live: false,
    metrics,
    has_notebook: false,
    next: 0
  };
}

test('compare: equal and changed, only left, only right', () => {
  const left = view(
    { rows: 5, old: 'x', list: [1, 2] },
    { auc: 0.5, gone: 1 },
    [STEP]
  );
  const right = view({ rows: 6, new: null, list: [1, 2] }, { auc: 0.75 }, [
    { ...STEP, finished_at: '2026-01-01T00:00:05+00:00' }
  ]);
  deepEqual(compare(left, right), {
    parameters: [
      { name: 'rows', left: 5, right: 6, differs: true },
      { name: 'new', left: undefined, right: null, differs: true },
      { name: 'list', left: [1, 2], right: [1, 2], differs: false },
      { name: 'old', left: 'x', right: undefined, differs: true }
    ],
    metrics: [
      { name: 'auc', left: 0.5, right: 0.75, differs: true, by: 0.25 },
      { name: 'gone', left: 1, right: undefined, differs: true, by: null }
    ],
    times: [{ name: 'load', left: 2, right: 5, differs: true, by: 3 }]
  });
});

const TOOK: Array<[string, Partial<StepRun>, number | null]> = [
  ['that ran', {}, 2],
  ['whose results were taken', { reused: 'r0' }, null],
  ['that runs', { finished_at: null, state: 'RUNNING' }, null],
  ['that never began', { started_at: null }, null]
];
for (const [name, change, expected] of TOOK) {
  test(`took: a step ${name}`, () => {
    equal(took({ ...STEP, ...change }), expected);
  });
}

const SAME: Array<[Json | undefined, Json | undefined, boolean]> = [
  [1, 1, true],
  [1, '1', false],
  [{ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }, true],
  [[1, 2], [2, 1], false],
  [null, undefined, false]
];
for (const [left, right, expected] of SAME) {
  test(`same: ${JSON.stringify(left)} and ${JSON.stringify(right)}`, () => {
    equal(same(left, right), expected);
  });
}

test('courses: oldest first, with gaps', () => {
  const runs = [
    view({}, { auc: 3 }),
    view({}, { loss: 9 }),
    view({}, { auc: 1 })
  ];
  deepEqual(
    [...courses(runs)],
    [
      ['auc', [1, null, 3]],
      ['loss', [null, 9, null]]
    ]
  );
});
