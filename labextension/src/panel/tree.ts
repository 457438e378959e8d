/** Steps, and which of them are open, in; the rows of a tree and what keys do in it out. */

import type { Analysis } from '../wire';

/** A row: a step, or below it a reason why it waits for another, or a variable that it gives. */
export interface IRow {
  readonly kind: 'step' | 'reason';
  readonly key: string;
  /** The step that the row is, or belongs to. */
  readonly step: string;
  /** Where Enter goes: index of a code cell. */
  readonly cell: number;
  /** What stands before a reason: the name of the other step, with an arrow. */
  readonly lead: string;
  readonly text: string;
}

/** The rows that can be seen, in order. */
export function rowsOf(
  analysis: Pick<Analysis, 'steps' | 'edges'>,
  open: ReadonlySet<string>
): IRow[] {
  const names = new Map(analysis.steps.map(step => [step.id, step.name]));
  const rows: IRow[] = [];
  for (const step of analysis.steps) {
    const cell = step.cells[0] ?? 0;
    const own = { step: step.id, cell };
    rows.push({
      ...own,
      kind: 'step',
      key: step.id,
      lead: '',
      text: step.name
    });
    if (!open.has(step.id)) {
      continue;
    }
    for (const edge of analysis.edges) {
      if (edge.target !== step.id) {
        continue;
      }
      for (const [place, reason] of edge.reasons.entries()) {
        rows.push({
          ...own,
          kind: 'reason',
          key: `${step.id} ${edge.source} ${place}`,
          lead: `← ${names.get(edge.source) ?? edge.source}`,
          text: reason.replace(/`/g, ''),
          cell: writtenIn(reason) ?? cell
        });
      }
    }
    for (const output of step.outputs) {
      const readers = output.steps.map(id => names.get(id) ?? id);
      rows.push({
        ...own,
        kind: 'reason',
        key: `${step.id} gives ${output.name}`,
        lead: readers.length ? `→ ${readers.join(', ')}` : '→',
        text: output.name,
        cell: output.cell
      });
    }
  }
  return rows;
}

/** The first cell that a reason names. */
function writtenIn(reason: string): number | null {
  const found = /\bcell (\d{1,6})\b/.exec(reason);
  return found ? Number(found[1]) - 1 : null;
}

/** What a key asks for. */
export type Done =
  | { readonly kind: 'go'; readonly place: number }
  | { readonly kind: 'toggle' | 'pick' | 'enter' };

/** What a key does in a tree, as ARIA's practices have it; null for other keys. */
export function keyed(
  key: string,
  rows: readonly IRow[],
  place: number,
  open: ReadonlySet<string>
): Done | null {
  const row = rows[place];
  if (!row) {
    return null;
  }
  const isOpen = row.kind === 'step' && open.has(row.step);
  const go = (to: number): Done => ({
    kind: 'go',
    place: Math.max(0, Math.min(rows.length - 1, to))
  });
  switch (key) {
    case 'ArrowDown':
      return go(place + 1);
    case 'ArrowUp':
      return go(place - 1);
    case 'Home':
      return go(0);
    case 'End':
      return go(rows.length - 1);
    case 'ArrowRight':
      if (row.kind === 'step') {
        return isOpen ? go(place + 1) : { kind: 'toggle' };
      }
      return null;
    case 'ArrowLeft':
      if (row.kind === 'reason') {
        return go(parentOf(rows, place));
      }
      return isOpen ? { kind: 'toggle' } : null;
    case ' ':
      return row.kind === 'step' ? { kind: 'pick' } : null;
    case 'Enter':
      return { kind: 'enter' };
    default:
      return null;
  }
}

function parentOf(rows: readonly IRow[], place: number): number {
  const step = rows[place]?.step;
  return rows.findIndex(row => row.kind === 'step' && row.step === step);
}
