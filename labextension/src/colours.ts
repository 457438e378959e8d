/** An analysis in, the colours of its steps out: those of the headers above the cells. */

import type { Analysis } from './wire';

/** How many colours there are: `--nb2pipe-step-0` and so on, in the style of the headers. */
const COLOURS = 8;

/** Steps by name, as CSS. Neighbours differ, since a colour goes by the step's place; what no tag begins has none. */
export function coloursOf(
  analysis: Pick<Analysis, 'cells'>
): ReadonlyMap<string, string> {
  const names = new Set<string>();
  for (const cell of analysis.cells) {
    if (cell.role === 'step' || cell.role === 'metrics') {
      names.add(cell.section);
    }
  }
  return new Map(
    Array.from(names, (name, place) => [
      name,
      `var(--nb2pipe-step-${place % COLOURS})`
    ])
  );
}
