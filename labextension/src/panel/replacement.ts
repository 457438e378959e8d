/** A cell's source and an edit of one of its lines in, the place of what goes out. */

import type { Fix } from '../wire';

/** From `start` up to `end`, counted as JavaScript and the editor count. */
export interface IReplacement {
  readonly start: number;
  readonly end: number;
}

/** Where `old` stands on the line; null if it is not there, or there more than once: then nobody knows which is meant. */
export function replacement(
  source: string,
  fix: Pick<Fix, 'line' | 'old'>
): IReplacement | null {
  const lines = source.split('\n');
  const line = fix.line === null ? undefined : lines[fix.line - 1];
  if (fix.line === null || line === undefined) {
    return null;
  }
  const column = line.indexOf(fix.old);
  const isOnce = column >= 0 && line.indexOf(fix.old, column + 1) < 0;
  const isWhole = fix.old === '' && line === '';
  if (!isOnce && !isWhole) {
    return null;
  }
  const before = lines.slice(0, fix.line - 1);
  const start = before.reduce((sum, text) => sum + text.length + 1, 0) + column;
  return { start, end: start + fix.old.length };
}
