/** What the steps of a run printed in, in order; the last few thousand lines of each step out. */

import type { Printed } from '../wire';
import { type IPiece, lines } from './ansi';

/** How many line ends, and letters, of a step are kept. */
const MOST_LINES = 3000;
const MOST_LETTERS = 1_000_000;

/** One line as it is shown. */
export interface ILine {
  stream: string;
  pieces: IPiece[];
}

interface IKept {
  printed: readonly Printed[];
  lines: number;
  letters: number;
  isCut: boolean;
}

/** What the steps of one run printed. Each list is replaced, never changed, so that two can be told apart. */
export class Logs {
  /** `isCut`: the first of what was printed is left out. */
  add(printed: readonly Printed[], isCut = false): void {
    this._isCut = this._isCut || isCut;
    const byStep = new Map<string, Printed[]>();
    for (const item of printed) {
      const found = byStep.get(item.step) ?? [];
      found.push(item);
      byStep.set(item.step, found);
    }
    for (const [step, items] of byStep) {
      const before = this._kept.get(step) ?? NOTHING;
      this._kept.set(step, kept(before, items));
    }
  }

  of(step: string): readonly Printed[] {
    return this._kept.get(step)?.printed ?? NOTHING.printed;
  }

  /** True if the first lines of a step may be missing. */
  isCut(step: string): boolean {
    return this._isCut || (this._kept.get(step)?.isCut ?? false);
  }

  private _kept = new Map<string, IKept>();
  private _isCut = false;
}

const NOTHING: IKept = {
  printed: [],
  lines: 0,
  letters: 0,
  isCut: false
};

function kept(before: IKept, items: readonly Printed[]): IKept {
  const printed = [...before.printed, ...items];
  let { lines: ends, letters } = before;
  for (const item of items) {
    ends += lineEnds(item.text);
    letters += item.text.length;
  }
  let first = 0;
  while (
    first < printed.length - 1 &&
    (ends > MOST_LINES || letters > MOST_LETTERS)
  ) {
    const text = printed[first]?.text ?? '';
    ends -= lineEnds(text);
    letters -= text.length;
    first += 1;
  }
  return {
    printed: first ? printed.slice(first) : printed,
    lines: ends,
    letters,
    isCut: before.isCut || first > 0
  };
}

function lineEnds(text: string): number {
  let found = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    found += 1;
  }
  return found;
}

/** The last `most` lines of what was printed. What both streams print goes on in one line, as on a terminal. */
export function shownLines(
  printed: readonly Printed[],
  most: number
): { lines: ILine[]; left: number } {
  const found: ILine[] = [];
  for (const { stream, text } of runsOfStreams(printed)) {
    const [first = [], ...rest] = lines(text);
    const open = found[found.length - 1];
    if (open) {
      open.pieces = [...open.pieces, ...first];
      open.stream = open.pieces.length === first.length ? stream : open.stream;
    } else {
      found.push({ stream, pieces: first });
    }
    for (const pieces of rest) {
      found.push({ stream, pieces });
    }
  }
  if (found[found.length - 1]?.pieces.length === 0) {
    found.pop();
  }
  const left = Math.max(0, found.length - most);
  return { lines: left ? found.slice(left) : found, left };
}

/** Neighbours of one stream joined, so that colours and `\r` reach over the pieces they came in. */
function runsOfStreams(
  printed: readonly Printed[]
): Array<{ stream: string; text: string }> {
  const found: Array<{ stream: string; text: string }> = [];
  for (const { stream, text } of printed) {
    const last = found[found.length - 1];
    if (last && last.stream === stream) {
      last.text += text;
    } else {
      found.push({ stream, text });
    }
  }
  return found;
}
