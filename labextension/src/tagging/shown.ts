/** A notebook's tags and its analysis in, what is shown at each code cell out: plain data, compared to draw little. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { badgesOf } from '../notebook/badges';
import type { ITagged } from '../notebook/edit';
import type { Role } from '../notebook/grammar';
import { optionsOf } from '../notebook/options';
import { type IRun, isStep, type ISplit } from '../notebook/sections';
import type { Analysis, Diagnostic, StepView, VariableView } from '../wire';

/** How many colours there are: `--nb2pipe-step-0` and so on. */
export const COLOURS = 8;

/** A header above a cell. `colour`: null for cells that are no step. */
export interface IHeader {
  readonly name: string;
  readonly role: Role;
  readonly colour: number | null;
  /** False where the step, or the role, goes on after other cells. */
  readonly first: boolean;
  readonly isImplicit: boolean;
  readonly hasMetrics: boolean;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The same in full sentences. */
  readonly flow: string;
  readonly badges: readonly string[];
}

/** What is wrong at a cell: the worst severity, and a line for each problem. */
export interface IMark {
  readonly severity: 'error' | 'warning';
  readonly lines: readonly string[];
}

/** What is shown at one code cell. `bar`: the role or step that it belongs to. */
export interface IShown {
  readonly header: IHeader | null;
  readonly bar: Role | null;
  readonly colour: number | null;
  readonly mark: IMark | null;
}

/** What is shown at each code cell. */
export function shownAt(
  notebook: ITagged,
  found: ISplit,
  analysis: Analysis | null,
  trans: TranslationBundle
): IShown[] {
  const marks = marksOf(analysis);
  const shown: IShown[] = found.cells.map((cell, index) => ({
    header: found.isTagged && cell.roles.includes('skip') ? SKIPPED : null,
    bar: found.isTagged && cell.roles.includes('skip') ? 'skip' : null,
    colour: null,
    mark: marks.get(index) ?? null
  }));
  if (!found.isTagged) {
    return shown;
  }
  const colours = coloursOf(found);
  for (const run of found.runs) {
    const colour = colours.get(run.section.name) ?? null;
    const [top] = run.cells;
    for (const cell of run.cells) {
      const header =
        cell === top ? headerOf(notebook, run, colour, analysis, trans) : null;
      const mark = marks.get(cell) ?? null;
      shown[cell] = { header, bar: run.section.role, colour, mark };
    }
  }
  return shown;
}

/** The colour of each step, by its place in the notebook; what is replayed has none. */
export function coloursOf(found: ISplit): ReadonlyMap<string, number> {
  const steps = found.sections.filter(isStep);
  return new Map(
    steps.map((section, place) => [section.name, place % COLOURS])
  );
}

const SKIPPED: IHeader = {
  name: '',
  role: 'skip',
  colour: null,
  first: true,
  isImplicit: true,
  hasMetrics: false,
  inputs: [],
  outputs: [],
  flow: '',
  badges: []
};

function headerOf(
  notebook: ITagged,
  run: IRun,
  colour: number | null,
  analysis: Analysis | null,
  trans: TranslationBundle
): IHeader {
  const { section, first } = run;
  const step = analysis?.steps.find(item => item.name === section.name);
  const steps = analysis?.steps ?? [];
  const options = optionsOf(notebook, section);
  const waits = options.after.map(name => trans.__('after %1', name));
  return {
    name: section.name,
    role: section.role,
    colour,
    first,
    isImplicit: section.implicit,
    hasMetrics: section.role === 'step' && section.metrics.length > 0,
    inputs: first && step ? step.inputs.map(item => item.name) : [],
    outputs: first && step ? step.outputs.map(item => item.name) : [],
    flow: first && step ? flowOf(step, steps, trans) : '',
    badges:
      first && isStep(section) ? [...badgesOf(options, trans), ...waits] : []
  };
}

function flowOf(
  step: StepView,
  steps: readonly StepView[],
  trans: TranslationBundle
): string {
  const names = (item: VariableView): string =>
    item.steps
      .map(id => steps.find(one => one.id === id)?.name ?? id)
      .join(', ');
  const inputs = step.inputs.map(item =>
    names(item) ? trans.__('%1 from %2', item.name, names(item)) : item.name
  );
  const outputs = step.outputs.map(item =>
    names(item) ? trans.__('%1 for %2', item.name, names(item)) : item.name
  );
  const lines = [];
  if (inputs.length) {
    lines.push(trans.__('Reads %1', inputs.join('; ')));
  }
  if (outputs.length) {
    lines.push(trans.__('Makes %1', outputs.join('; ')));
  }
  return lines.join('\n');
}

function marksOf(analysis: Analysis | null): ReadonlyMap<number, IMark> {
  const found = new Map<number, Diagnostic[]>();
  for (const { diagnostic } of analysis?.problems ?? []) {
    const { cell } = diagnostic.location;
    if (cell !== null && diagnostic.severity !== 'note') {
      found.set(cell, [...(found.get(cell) ?? []), diagnostic]);
    }
  }
  return new Map(
    Array.from(found, ([cell, problems]) => {
      const errors = problems.filter(item => item.severity === 'error');
      const others = problems.filter(item => item.severity !== 'error');
      return [
        cell,
        {
          severity: errors.length ? 'error' : 'warning',
          lines: [...errors, ...others].map(item => item.message)
        } as const
      ];
    })
  );
}
