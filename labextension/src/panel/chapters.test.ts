import { equal, match } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { chapterOf } from './chapters';

const MANUAL =
  '# 1 One\n\n## N2P1\n\nFirst.\n\n## N2P2\n\nSecond.\n\n# 2 Two\n';

test('a chapter ends where the next begins', () => {
  equal(chapterOf(MANUAL, 'N2P1'), 'First.');
  equal(chapterOf(MANUAL, 'N2P2'), 'Second.');
});

test('no chapter, no text', () => {
  equal(chapterOf(MANUAL, 'N2P'), null);
  equal(chapterOf(MANUAL, '.*'), null);
});

test('the manual is what it is taken for', () => {
  const manual = readFileSync('docs/diagnostics.md', 'utf-8');
  match(chapterOf(manual, 'N2P201') ?? '', /\*\*Fix:\*\*/);
});
