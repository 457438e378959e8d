/** The tags of all code cells and a wish in, the tags of the cells that have to change out. Nothing is written here. */

import { type Role, START } from './grammar';
import { joined } from './metadata';
import { normal } from './names';
import { claimOf, split } from './sections';
import { formOf, headOf, isClaim, namesOf, readTags } from './tags';

/** A notebook as edits see it: the tags of its code cells, in order, and the `nb2pipe` of its metadata. */
export interface ITagged {
  readonly tags: ReadonlyArray<readonly string[]>;
  readonly metadata: unknown;
}

/** What changes, all at once. `tags` by code cell; `metadata`: the new `nb2pipe` of the notebook's metadata. */
export interface IEdit {
  readonly tags: ReadonlyMap<number, readonly string[]>;
  readonly metadata?: unknown;
}

/** What cells become. `above`: they go on with the cell above them. `bare`: they lose every tag of ours. */
export type Wish =
  | { readonly kind: 'step'; readonly name: string }
  | { readonly kind: 'role'; readonly role: Exclude<Role, 'step'> }
  | { readonly kind: 'above' }
  | { readonly kind: 'bare' };

// What a cell belongs to is a text: a role's word, START for the implicit first step, or this and a step's name.
const STEP = 'step:';

/**
 * The edit that gives the chosen cells what is wished, with as few tags as it takes.
 *
 * `follow`: the untagged cells right below go along. Otherwise they stay with what they belonged to, as far as a tag
 * can say so (the implicit first step has no tag).
 */
export function claim(
  notebook: ITagged,
  chosen: ReadonlySet<number>,
  wish: Wish,
  follow: boolean
): IEdit {
  const before = belongings(notebook.tags);
  const after: string[][] = [];
  const changed = new Set<number>();
  let current = START;
  let following = false;
  notebook.tags.forEach((tags, index) => {
    const found = claimOf(readTags(tags));
    if (chosen.has(index)) {
      after.push(wished(tags, wish, current));
      following = follow && !(wish.kind === 'role' && wish.role === 'skip');
      changed.add(index);
    } else if (following && (found === null || found.role === 'skip')) {
      after.push([...tags]);
      changed.add(index);
    } else {
      following = false;
      after.push(kept(tags, before[index] ?? START, current));
    }
    const belongs = belonging(after[index] ?? [], current);
    current = belongs === 'skip' ? current : belongs;
  });
  const metadata = settle(notebook, after, changed);
  return difference(notebook, after, metadata);
}

/** The edit that gives a step another name, wherever it stands. The caller makes sure that no step has it yet. */
export function rename(notebook: ITagged, from: string, to: string): IEdit {
  const after = notebook.tags.map(tags =>
    unique(tags.map(tag => renamed(tag, from, to)))
  );
  return difference(notebook, after, joined(notebook.metadata, from, to));
}

/** The tags with one claim in place of those that they have; null: with none. The others stay where they are. */
export function claimed(
  tags: readonly string[],
  tag: string | null
): readonly string[] {
  const isStepTag = tag !== null && formOf(tag)?.kind === 'step';
  const had = readTags(tags);
  const drops = (other: string): boolean =>
    isClaim(other) &&
    !(isStepTag && had.steps.length > 0 && formOf(other)?.role === 'metrics');
  if (tag === null) {
    return tags.filter(other => !drops(other));
  }
  const place = tags.findIndex(drops);
  const first = tags.findIndex(other => formOf(other) !== undefined);
  const at = place >= 0 ? place : first >= 0 ? first : tags.length;
  return [
    ...tags.slice(0, at).filter(other => !drops(other)),
    tag,
    ...tags.slice(at).filter(other => !drops(other))
  ];
}

/** The untagged cells right below the chosen ones: those that `follow` is about. */
export function followers(
  tags: ReadonlyArray<readonly string[]>,
  chosen: ReadonlySet<number>
): number[] {
  const found: number[] = [];
  let following = false;
  tags.forEach((own, index) => {
    const role = claimOf(readTags(own))?.role;
    following = chosen.has(index) || (following && (!role || role === 'skip'));
    if (following && !chosen.has(index) && !role) {
      found.push(index);
    }
  });
  return found;
}

function belongings(tags: ReadonlyArray<readonly string[]>): string[] {
  let current = START;
  return tags.map(own => {
    const found = belonging(own, current);
    current = found === 'skip' ? current : found;
    return found;
  });
}

function belonging(tags: readonly string[], current: string): string {
  const found = claimOf(readTags(tags));
  return found
    ? found.role === 'step'
      ? STEP + found.name
      : found.role
    : current;
}

function wished(
  tags: readonly string[],
  wish: Wish,
  current: string
): string[] {
  switch (wish.kind) {
    case 'bare':
      return tags.filter(tag => formOf(tag) === undefined);
    case 'above':
      return [...claimed(tags, null)];
    case 'role':
      return kept(tags, wish.role, current);
    case 'step':
      return kept(tags, STEP + normal(wish.name), current);
  }
}

/** The tags with which a cell belongs to `goal`, below a cell that belongs to `current`. */
function kept(
  tags: readonly string[],
  goal: string,
  current: string
): string[] {
  if (belonging(tags, current) === goal || goal === START) {
    return [...tags];
  }
  return [...claimed(tags, goal === current ? null : goal)];
}

/**
 * Orders and options after steps were joined: nothing waits for itself, and what waited for a step that went into
 * another waits for that one. Changes `after`; gives back the new metadata.
 */
function settle(
  notebook: ITagged,
  after: string[][],
  changed: ReadonlySet<number>
): unknown {
  const old = split(notebook.tags);
  const before = belongings(notebook.tags);
  const now = belongings(after);
  const place = new Map(
    split(after).sections.map((section, index) => [section.name, index])
  );
  let metadata = notebook.metadata;
  for (const index of changed) {
    const own = now[index] ?? '';
    if (own.startsWith(STEP) && own !== before[index]) {
      after[index] = waiting(after[index] ?? [], own.slice(STEP.length), null);
    }
  }
  for (const section of old.sections) {
    const homes = new Set(section.cells.map(cell => now[cell]));
    const [home = ''] = homes;
    if (
      section.role !== 'step' ||
      section.implicit ||
      place.has(section.name) ||
      homes.size > 1 ||
      !home.startsWith(STEP)
    ) {
      continue;
    }
    const name = home.slice(STEP.length);
    after.forEach((tags, index) => {
      const owner = now[index] ?? '';
      const isLater =
        (place.get(owner.slice(STEP.length)) ?? -1) > (place.get(name) ?? 0);
      after[index] = waiting(
        tags,
        section.name,
        owner !== home && isLater ? name : null
      );
    });
    metadata = joined(metadata, section.name, name);
  }
  return metadata;
}

/** The tags with `name` gone from what they wait for, or with another in its place. */
function waiting(
  tags: readonly string[],
  name: string,
  instead: string | null
): string[] {
  const found = tags.flatMap(tag => {
    if (formOf(tag)?.kind !== 'order' || !namesOf(tag).includes(name)) {
      return [tag];
    }
    const names = namesOf(tag).flatMap(other =>
      other === name ? (instead ? [instead] : []) : [other]
    );
    return names.length
      ? [`${headOf(tag.trim())}:${unique(names).join(':')}`]
      : [];
  });
  return unique(found);
}

function renamed(tag: string, from: string, to: string): string {
  const plain = tag.trim();
  const form = formOf(plain);
  if (form?.kind === 'order' && namesOf(plain).includes(from)) {
    const names = namesOf(plain).map(name => (name === from ? to : name));
    return `${form.head}:${names.join(':')}`;
  }
  if (form?.kind !== 'step' || readTags([plain]).steps[0] !== from) {
    return tag;
  }
  const found = `${form.head}:${to}`;
  return formOf(found)?.kind === 'step' ? found : `step:${to}`; // `block:imports` is a role
}

function difference(
  notebook: ITagged,
  after: ReadonlyArray<readonly string[]>,
  metadata: unknown
): IEdit {
  const tags = new Map<number, readonly string[]>();
  after.forEach((own, index) => {
    const old = notebook.tags[index] ?? [];
    if (own.length !== old.length || own.some((tag, at) => tag !== old[at])) {
      tags.set(index, own);
    }
  });
  return metadata === notebook.metadata ? { tags } : { tags, metadata };
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}
