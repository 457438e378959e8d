import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';

import type { Problem, Severity } from '../wire';
import { countOf, grouped } from './sorting';

function problem(
  code: string,
  severity: Severity,
  cell: number | null,
  line: number | null = null
): Problem {
  const location = { notebook: null, cell, line, step: null, variable: null };
  const diagnostic = { code, severity, message: '', location, hint: null };
  return { diagnostic, fixes: [] };
}

const PROBLEMS = [
  problem('N2P302', 'warning', 4, 2),
  problem('N2P201', 'error', 7, 1),
  problem('N2P301', 'warning', 4, 1),
  problem('N2P401', 'note', 1),
  problem('N2P203', 'error', 2),
  problem('N2P505', 'error', null),
  problem('N2P303', 'warning', 4, 1)
];

test('problems come by weight, then as in the notebook, then as told', () => {
  const found = grouped(PROBLEMS).map(group => [
    group.severity,
    ...group.problems.map(item => item.diagnostic.code)
  ]);
  deepEqual(found, [
    ['error', 'N2P505', 'N2P203', 'N2P201'],
    ['warning', 'N2P301', 'N2P303', 'N2P302'],
    ['note', 'N2P401']
  ]);
});

test('no problems, no groups', () => {
  deepEqual(grouped([]), []);
});

test('notes ask for nothing', () => {
  equal(countOf(PROBLEMS), 6);
});
