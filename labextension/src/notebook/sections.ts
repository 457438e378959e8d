/** The tags of all code cells in, what each cell belongs to out: as `nb2pipe.notebook.sections` splits, at once. */

import { REPLAYED, type Role, START } from './grammar';
import { type ICellTags, readTags } from './tags';

/** Cells under one name. `cells` are indexes among the code cells. `implicit`: no `step:` tag names it. */
export interface ISection {
  readonly name: string;
  readonly role: Role;
  readonly implicit: boolean;
  readonly cells: readonly number[];
  readonly metrics: readonly number[];
}

/** Neighbouring cells of one section; skipped cells in between belong to none. `first`: the section's first run. */
export interface IRun {
  readonly section: ISection;
  readonly cells: readonly number[];
  readonly first: boolean;
}

/** A notebook's cells as its tags divide them. */
export interface ISplit {
  readonly cells: readonly ICellTags[];
  readonly sections: readonly ISection[];
  /** The section of each code cell; undefined for a skipped one. */
  readonly owners: ReadonlyArray<ISection | undefined>;
  readonly runs: readonly IRun[];
  /** False if no cell has a tag of ours. */
  readonly isTagged: boolean;
}

interface IDraft {
  name: string;
  role: Role;
  implicit: boolean;
  cells: number[];
  metrics: number[];
}

/** What one cell says of itself; nothing if it goes on with the cell above. */
export function claimOf(
  tags: ICellTags
): { readonly role: Role; readonly name: string } | null {
  if (tags.roles.includes('skip')) {
    return { role: 'skip', name: '' };
  }
  const [name] = tags.steps;
  if (name !== undefined) {
    return { role: 'step', name };
  }
  const [role] = tags.roles;
  return role ? { role, name: '' } : null;
}

/** The sections of a notebook, in the order of their first cells. */
export function split(tagsOfCells: ReadonlyArray<readonly string[]>): ISplit {
  const cells = tagsOfCells.map(readTags);
  const drafts: IDraft[] = [];
  const steps = new Map<string, IDraft>();
  let current: IDraft | undefined;
  const owners = cells.map((tags, index) => {
    const claim = claimOf(tags);
    if (claim?.role === 'skip') {
      return undefined;
    }
    current = draftOf(claim, current, steps, drafts);
    current.cells.push(index);
    if (tags.roles.includes('metrics') || current.role === 'metrics') {
      current.metrics.push(index);
    }
    return current;
  });
  nameTheRest(drafts, [...steps.keys()]);
  return {
    cells,
    sections: drafts,
    owners,
    runs: runsOf(owners),
    isTagged: cells.some(tags => tags.ours.length > 0)
  };
}

/** True for a section that may be a step of its own: it has options, and others may wait for it. */
export function isStep(section: ISection | undefined): section is ISection {
  return section !== undefined && !REPLAYED.includes(section.role);
}

/** The names of the steps that tags name, in the order of the notebook. */
export function stepNames(found: ISplit): string[] {
  return found.sections
    .filter(section => section.role === 'step' && !section.implicit)
    .map(section => section.name);
}

function draftOf(
  claim: { readonly role: Role; readonly name: string } | null,
  current: IDraft | undefined,
  steps: Map<string, IDraft>,
  drafts: IDraft[]
): IDraft {
  const known =
    claim?.role === 'step'
      ? steps.get(claim.name)
      : current && (!claim || claim.role === current.role)
        ? current
        : undefined;
  if (known) {
    return known;
  }
  const draft: IDraft = {
    name: claim?.name ?? '',
    role: claim?.role ?? 'step',
    implicit: claim?.role !== 'step',
    cells: [],
    metrics: []
  };
  drafts.push(draft);
  if (!draft.implicit) {
    steps.set(draft.name, draft);
  }
  return draft;
}

/** Names for sections that no tag names: the role's, with a number where it is taken. */
function nameTheRest(
  drafts: readonly IDraft[],
  names: readonly string[]
): void {
  const taken = new Set(names);
  const counts = new Map<string, number>();
  for (const draft of drafts) {
    const base = draft.role === 'step' ? START : draft.role;
    while (!draft.name) {
      const count = (counts.get(base) ?? 0) + 1;
      counts.set(base, count);
      const name = count === 1 ? base : `${base}-${count}`;
      if (!taken.has(name)) {
        draft.name = name;
        taken.add(name);
      }
    }
  }
}

function runsOf(owners: ReadonlyArray<ISection | undefined>): IRun[] {
  const runs: Array<{ section: ISection; cells: number[]; first: boolean }> =
    [];
  const seen = new Set<ISection>();
  owners.forEach((section, index) => {
    const last = runs[runs.length - 1];
    if (section && section === owners[index - 1] && last) {
      last.cells.push(index);
    } else if (section) {
      runs.push({ section, cells: [index], first: !seen.has(section) });
      seen.add(section);
    }
  });
  return runs;
}
