/** Sentences of analysis in, the parts that a view shows apart out: code in backticks, cells that can be gone to. */

/** A part of a sentence: plain words, `code`, or a mention of a cell (index from 0). */
export type Part =
  | { readonly kind: 'text' | 'code'; readonly text: string }
  | { readonly kind: 'cell'; readonly text: string; readonly cell: number };

/** Code first: `cell 4` within backticks is code. Longer numbers are no cells. */
const PARTS = /`([^`]+)`|\bcell (\d{1,6})\b/g;

/** The parts of a sentence, in order; nothing is lost but the backticks. `cells`: how many the notebook has. */
export function partsOf(sentence: string, cells: number): Part[] {
  const found: Part[] = [];
  let end = 0;
  for (const match of sentence.matchAll(PARTS)) {
    const part = partOf(match, cells);
    if (!part) {
      continue;
    }
    if (match.index > end) {
      found.push({ kind: 'text', text: sentence.slice(end, match.index) });
    }
    found.push(part);
    end = match.index + match[0].length;
  }
  if (end < sentence.length) {
    found.push({ kind: 'text', text: sentence.slice(end) });
  }
  return found;
}

function partOf(match: RegExpMatchArray, cells: number): Part | null {
  if (match[1] !== undefined) {
    return { kind: 'code', text: match[1] };
  }
  const cell = Number(match[2]) - 1;
  return cell >= 0 && cell < cells
    ? { kind: 'cell', text: match[0], cell }
    : null;
}

/** Cell indexes as people count them: [1, 2, 3, 6] gives "2–4, 7". */
export function cellRanges(cells: readonly number[]): string {
  const found: Array<[number, number]> = [];
  for (const cell of cells) {
    const last = found[found.length - 1];
    if (last && last[1] === cell - 1) {
      last[1] = cell;
    } else {
      found.push([cell, cell]);
    }
  }
  return found
    .map(([from, to]) =>
      from === to ? `${from + 1}` : `${from + 1}–${to + 1}`
    )
    .join(', ');
}
